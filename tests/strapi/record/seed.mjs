// The marketing site all topics read. Every request is a case, so that another server can be seeded the same way.
import fs from 'node:fs';
import path from 'node:path';

const media = path.join(import.meta.dirname, '..', 'media');

export async function upload(r) {
  const rows = [];
  for (const [name, mime] of [['cover.png', 'image/png'], ['icon.png', 'image/png'], ['notes.txt', 'text/plain']]) {
    const form = new FormData();
    form.set('files', new Blob([fs.readFileSync(path.join(media, name))], { type: mime }), name);
    form.set('fileInfo', JSON.stringify({ name, alternativeText: `alt of ${name}`, caption: null }));
    const seen = await r.send('POST', '/api/upload', {}, form);
    const short = name.split('.')[0];
    r.files.set(short, seen.body[0].id);
    r.docs.set(`file-${short}`, seen.body[0].documentId);
    rows.push({ status: seen.status, body: r.mask(seen.body) });
  }
  fs.writeFileSync(path.join(media, 'files.json'), JSON.stringify(rows.map((x) => ({ uploadStatus: x.status, ...x.body[0] })), null, 2) + '\n');
}

const link = (label, more = {}) => ({ label, href: `/${label.toLowerCase().replace(/ /g, '-')}`, ...more });
const words = (text) => [{ type: 'paragraph', children: [{ type: 'text', text }] }];

export async function seed(r) {
  const make = (type, as, data, query = '') => r.post(`create ${as}${query}`, `${type}${query}`, data, { as });
  const more = (type, as, query, data) => r.put(`write ${as} ${query}`, `${type}/$doc:${as}${query}`, data);

  await make('authors', 'author-ada', { name: 'Ada Lovelace', email: 'ada@example.com', bio: 'First programmer.', rank: 1, born: '1815-12-10', active: true, avatar: '$file:icon', seo: { metaTitle: 'Ada', metaDescription: 'About Ada Lovelace' }, links: [link('Ada home'), link('Ada notes', { external: true })] });
  await make('authors', 'author-bob', { name: 'bob Stone', email: 'bob@example.com', rank: 3, active: false, links: [link('Bob home')] });
  await make('authors', 'author-eve', { name: 'Élise Ève', email: null, bio: null, rank: null, links: [link('Eve home')] });

  await make('categories', 'cat-tech', { name: 'Tech', slug: 'tech', description: 'Technology', position: 1 });
  await make('categories', 'cat-rust', { name: 'Rust', slug: 'rust', position: 2, parent: '$doc:cat-tech' });
  await make('categories', 'cat-async', { name: 'Async', slug: 'async', position: null, parent: '$doc:cat-rust' });
  await make('categories', 'cat-food', { name: 'Food', slug: 'food', position: 3 });
  await make('categories', 'cat-draft', { name: 'Drafty', slug: 'drafty', position: 4, parent: '$doc:cat-tech' }, '?status=draft');

  for (const [as, name, weight] of [['tag-red', 'red', 5], ['tag-green', 'green', 3], ['tag-blue', 'Blue', null], ['tag-fr', 'été', 1], ['tag-unused', 'unused', 0]])
    await make('tags', as, { name, slug: as, weight });

  const article = (n, title, data, query) => make('articles', `article-${n}`, { title, slug: `article-${n}`, ...data }, query);
  await article(1, 'Apple pie', {
    subtitle: 'Sweet and simple', body: '# Pie\n\nWith **apples**.', content: words('Peel the apples.'), extra: { a: 1, nested: { list: [1, 'two', null], ok: true } }, kind: 'guide', contactEmail: 'pie@example.com', secret: 'secret-1',
    rating: 8, views: '9007199254740993', score: 4.5, price: 12.34, publishDate: '2024-01-15', readTime: '08:30:00', eventAt: '2024-01-15T10:20:30.400Z', featured: true, code: 'A-1', sku: 'AB-123', internalNote: 'not for readers',
    author: '$doc:author-ada', category: '$doc:cat-food', tags: ['$doc:tag-red', '$doc:tag-green', '$doc:tag-blue'], cover: '$file:cover', gallery: ['$file:icon', '$file:cover', '$file:notes'],
    seo: { metaTitle: 'Apple pie SEO', metaDescription: 'How to bake it', shareImage: '$file:cover', metaSocial: [{ network: 'facebook', title: 'Pie on F', image: '$file:icon' }, { network: 'twitter', title: 'Pie on T' }] },
    links: [link('Recipe', { icon: '$file:icon' }), link('Shop', { external: true })],
  });
  await article(2, 'apple Juice', { subtitle: '100% juice', kind: 'review', rating: 5, views: '20', score: 2.25, price: 3.5, publishDate: '2024-02-20', readTime: '12:00:00.500', eventAt: '2024-02-20T00:00:00.000Z', featured: false, code: 'A-2', sku: 'CD-456', author: '$doc:author-bob', category: '$doc:cat-food', tags: ['$doc:tag-green'], related: ['$doc:article-1'] });
  await article(3, 'Borrow checker', { subtitle: 'snake_case tips', kind: 'guide', rating: 10, views: '300', score: 9.75, price: 0, publishDate: '2024-03-05', readTime: '23:59:59', eventAt: '2024-03-05T12:00:00.000Z', featured: true, code: 'A-3', author: '$doc:author-ada', category: '$doc:cat-rust', tags: ['$doc:tag-red', '$doc:tag-fr'], cover: '$file:icon', related: ['$doc:article-2', '$doc:article-1'] });
  await article(4, 'Élan vital', { subtitle: null, kind: 'news', rating: 0, views: '-5', score: 0.5, price: 99.99, publishDate: '2023-12-31', featured: null, author: '$doc:author-eve', category: '$doc:cat-async', tags: [], extra: [1, 2, 3] });
  await article(5, 'Tokio in depth', { body: 'Tokio and async rust', rating: null, publishDate: '2024-06-01', author: '$doc:author-ada', category: '$doc:cat-async', tags: ['$doc:tag-red', '$doc:tag-green'], gallery: ['$file:cover'], seo: { metaTitle: 'Tokio', noIndex: true } });
  await article(6, 'Zero cost', { subtitle: '', rating: 7, extra: 'just text', links: [link('Only', { article: '$doc:article-3' })] });
  await article(7, 'Never published', { rating: 3, author: '$doc:author-bob', category: '$doc:cat-tech', tags: ['$doc:tag-red'] }, '?status=draft');
  await article(8, 'Published then edited', { rating: 4, author: '$doc:author-bob', category: '$doc:cat-tech', tags: ['$doc:tag-blue'], cover: '$file:cover' });
  await more('articles', 'article-8', '?status=draft', { title: 'Edited draft', rating: 6, author: '$doc:author-ada', tags: ['$doc:tag-red', '$doc:tag-blue'], cover: null });

  const page = (as, title, data, query) => make('pages', as, { title, ...data }, query);
  await page('page-home', 'Home', {
    slug: 'home', summary: 'Welcome', template: 'landing', order: 1, showInMenu: true, banner: link('Sale', { article: '$doc:article-1' }), heroImage: '$file:cover', shareImage: '$file:icon',
    seo: { metaTitle: 'Home SEO', metaDescription: 'The home page', shareImage: '$file:icon', metaSocial: [{ network: 'twitter', title: 'Home on T', image: '$file:cover' }] }, articles: ['$doc:article-3', '$doc:article-1', '$doc:article-7'], leadArticle: '$doc:article-1',
    sections: [
      { __component: 'sections.hero', heading: 'Fast sites', text: 'Build them here', image: '$file:cover', buttons: [link('Start', { article: '$doc:article-1', icon: '$file:icon' }), link('Docs', { external: true })] },
      { __component: 'sections.rich-text', body: 'Some *markdown*' },
      { __component: 'sections.quote', text: 'It works', author: '$doc:author-ada' },
      { __component: 'sections.gallery', layout: 'carousel', images: ['$file:cover', '$file:icon'] },
      { __component: 'sections.article-list', heading: 'Read on', limit: 2, articles: ['$doc:article-2', '$doc:article-1'] },
      { __component: 'sections.feature-grid', heading: 'Features', groups: [{ name: 'Speed', features: [{ title: 'Cached', text: 'Everything', image: '$file:icon', link: link('Why', { article: '$doc:article-3', icon: '$file:cover' }) }, { title: 'Small' }] }, { name: 'Safety', features: [] }] },
      { __component: 'sections.faq', title: 'Questions', items: [{ question: 'Why?', answer: words('Because.') }, { question: 'How?' }] },
      { __component: 'sections.call-to-action', title: 'Join', theme: 'dark', link: link('Join now') },
      { __component: 'sections.embed', url: 'https://example.com/v', settings: { autoplay: false, sizes: [1, 2] } },
      { __component: 'sections.event-teaser', showDate: false },
    ],
  });
  await more('pages', 'page-home', '?locale=fr', { title: 'Accueil', slug: 'accueil', summary: 'Bienvenue', seo: { metaTitle: 'Accueil SEO', metaDescription: 'La page de garde' }, articles: ['$doc:article-2'], sections: [{ __component: 'sections.hero', heading: 'Sites rapides', buttons: [] }, { __component: 'sections.quote', text: 'Ça marche', author: '$doc:author-eve' }] });
  await page('page-about', 'About', { slug: 'about', order: 2, banner: link('Hire us', { page: '$doc:page-home' }), sections: [{ __component: 'sections.rich-text', body: 'About us' }], parent: '$doc:page-home' });
  await more('pages', 'page-about', '?locale=fr&status=draft', { title: 'À propos', slug: 'a-propos' });
  await page('page-team', 'Team', { slug: 'team', order: null, parent: '$doc:page-about', sections: [{ __component: 'sections.call-to-action', title: 'Meet us', link: link('Team link', { page: '$doc:page-about' }) }] });
  await page('page-contact', 'Contact', { slug: 'contact', order: 4 }, '?status=draft');
  await page('page-legal', 'Mentions légales', { slug: 'mentions', order: 5 }, '?locale=fr');

  const event = (as, data, query) => make('events', as, data, query);
  await event('event-conf', { name: 'Conference', slug: 'conference', description: 'Talks', startsAt: '2025-05-01T09:00:00.000Z', venue: 'Hall 1', capacity: 100, poster: '$file:cover', tags: ['$doc:tag-red', '$doc:tag-green'] });
  await more('events', 'event-conf', '?locale=fr', { name: 'Conférence', slug: 'conference-fr', capacity: 80 });
  await event('event-meetup', { name: 'Meetup', slug: 'meetup', startsAt: '2025-03-01T18:00:00.000Z', venue: 'Bar', capacity: null });
  await event('event-fr', { name: 'Fête', slug: 'fete', venue: 'Rue' }, '?locale=fr');
  await r.put('a section that names an event', 'pages/$doc:page-about', { sections: [{ __component: 'sections.rich-text', body: 'About us' }, { __component: 'sections.event-teaser', event: '$doc:event-conf' }] });

  await r.put('create homepage', 'homepage', { headline: 'Tympan', theme: 'blue', seo: { metaTitle: 'Homepage' }, featured: ['$doc:article-1', '$doc:article-3'], mainPage: '$doc:page-home', sections: [{ __component: 'sections.article-list', heading: 'Top', articles: ['$doc:article-5'] }] }, { as: 'homepage' });
  await r.put('write homepage fr', 'homepage?locale=fr', { headline: 'Tympan FR', mainPage: '$doc:page-home' });
  await r.put('create global', 'global', {
    siteName: 'Tympan site', favicon: '$file:icon', defaultSeo: { metaTitle: 'Default', metaDescription: 'Default description', shareImage: '$file:cover' },
    navigation: [{ heading: 'Products', category: '$doc:cat-tech', columns: [{ heading: 'Left', links: [link('Pie', { article: '$doc:article-1', icon: '$file:icon' }), link('Home', { page: '$doc:page-home' })] }, { heading: 'Right', links: [] }] }, { heading: 'Company', columns: [] }],
    footerLinks: [link('Imprint'), link('Press', { external: true, article: '$doc:article-2' })],
  }, { as: 'global' });
}
