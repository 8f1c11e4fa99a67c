'use strict';
// What a person would set by hand after the first start: the second locale, what the public role may read, two API tokens.
const fs = require('fs'), path = require('path');
const PUBLIC = {
  article: ['find', 'findOne'], category: ['find'], tag: ['find', 'findOne'], page: ['find', 'findOne'], event: ['find', 'findOne'],
}; // not author, not homepage, not global
module.exports = {
  register() {},
  async bootstrap({ strapi }) {
    const role = await strapi.db.query('plugin::users-permissions.role').findOne({ where: { type: 'public' } });
    const permission = strapi.db.query('plugin::users-permissions.permission');
    for (const [type, actions] of Object.entries(PUBLIC)) for (const action of actions) {
      const data = { action: `api::${type}.${type}.${action}`, role: role.id };
      if (!(await permission.findOne({ where: data }))) await permission.create({ data });
    }
    const locales = strapi.plugin('i18n').service('locales');
    if (!(await locales.findByCode('fr'))) await locales.create({ code: 'fr', name: 'French (fr)' });
    const tokens = strapi.service('admin::api-token');
    const file = path.join(strapi.dirs.app.root, '.tmp', 'tokens.json');
    if (!(await tokens.exists({ name: 'full' }))) {
      const full = await tokens.create({ name: 'full', description: '', type: 'full-access', lifespan: null });
      const read = await tokens.create({ name: 'read', description: '', type: 'read-only', lifespan: null });
      fs.writeFileSync(file, JSON.stringify({ full: full.accessKey, 'read-only': read.accessKey }));
    }
  },
};
