// Writes a Strapi project (argument 1: its folder) from project/ and ../schema/. Then run `npm install` in that folder.
import fs from 'node:fs';
import path from 'node:path';

const here = import.meta.dirname;
const target = path.resolve(process.argv[2] ?? 'strapi-project');
const schema = path.join(here, '..', 'schema');
const write = (file, text) => {
  const full = path.join(target, file);
  fs.mkdirSync(path.dirname(full), { recursive: true });
  fs.writeFileSync(full, text);
};

fs.mkdirSync(target, { recursive: true });
fs.cpSync(path.join(here, 'package.json'), path.join(target, 'package.json'));
fs.cpSync(path.join(here, 'project', 'config'), path.join(target, 'config'), { recursive: true });
fs.cpSync(path.join(here, 'project', 'env'), path.join(target, '.env'));
write('src/index.js', fs.readFileSync(path.join(here, 'project', 'index.js')));
for (const folder of ['public/uploads', 'database/migrations', 'src/extensions', '.tmp']) fs.mkdirSync(path.join(target, folder), { recursive: true });

for (const file of fs.readdirSync(path.join(schema, 'types'))) {
  const name = path.basename(file, '.json');
  write(`src/api/${name}/content-types/${name}/schema.json`, fs.readFileSync(path.join(schema, 'types', file)));
  for (const [folder, factory] of [['controllers', 'createCoreController'], ['services', 'createCoreService'], ['routes', 'createCoreRouter']])
    write(`src/api/${name}/${folder}/${name}.js`, `module.exports = require('@strapi/strapi').factories.${factory}('api::${name}.${name}');\n`);
}
fs.cpSync(path.join(schema, 'components'), path.join(target, 'src', 'components'), { recursive: true });
