// The client under test and the content that the tests ask for. Everything is made through the client itself, under names
// that begin with a mark of this process, so that test files can run side by side and more than once on one server.
import { randomBytes } from 'node:crypto';
import { strapi } from '@strapi/client';

const url = process.env.TYMPAN_URL;
const token = process.env.TYMPAN_TOKEN;
if (!url || !token) throw new Error('TYMPAN_URL and TYMPAN_TOKEN must name a running server and a full-access token');

export const baseURL = `${url}/api`;
export const mark = `t${randomBytes(5).toString('hex')}`;
export const client = strapi({ baseURL, auth: token });
export const anonymous = strapi({ baseURL });
export const withToken = (auth) => strapi({ baseURL, auth });

export const authors = client.collection('authors');
export const categories = client.collection('categories');
export const tags = client.collection('tags');
export const articles = client.collection('articles');
export const pages = client.collection('pages');
export const events = client.collection('events');

/** Only the articles, pages, … of this process. */
export const mine = { slug: { $startsWith: mark } };

export const slugs = (answer) => answer.data.map((document) => document.slug.slice(mark.length + 1));

const id = (answer) => answer.data.documentId;

/** Two authors, a category tree, three tags and five articles. */
export async function makeArticles() {
  const ada = id(await authors.create({
    name: `${mark} Ada`, email: `${mark}-ada@example.com`, rank: 1,
    seo: { metaTitle: 'Ada', metaSocial: [{ network: 'twitter', title: 'Ada writes' }] },
  }));
  const bob = id(await authors.create({ name: `${mark} Bob`, email: `${mark}-bob@example.com`, rank: 2 }));
  const news = id(await categories.create({ name: 'News', slug: `${mark}-news` }));
  const local = id(await categories.create({ name: 'Local', slug: `${mark}-local`, parent: news }));
  const made = { ada, bob, news, local, tag: {}, article: {} };
  for (const [position, name] of ['red', 'green', 'blue'].entries())
    made.tag[name] = id(await tags.create({ name: `${mark} ${name}`, slug: `${mark}-${name}`, weight: position }));
  const article = async (name, data) => { made.article[name] = id(await articles.create({ title: `${mark} ${name}`, slug: `${mark}-${name}`, ...data })); };
  await article('one', {
    rating: 1, featured: true, kind: 'guide', author: ada, category: local, tags: [made.tag.red, made.tag.green, made.tag.blue],
    seo: { metaTitle: 'One', keywords: 'first', metaSocial: [{ network: 'facebook', title: 'Share one' }, { network: 'twitter' }] },
    links: [{ label: 'Home', href: '/' }],
  });
  await article('two', { rating: 2, author: ada, category: news, tags: [made.tag.green], related: [made.article.one] });
  await article('three', { rating: 3, author: bob, category: news, tags: [made.tag.blue] });
  await article('four', { rating: 4, author: bob, kind: 'review' });
  await article('five', { rating: 5 });
  return made;
}

/** A page of a marketing site: components in components, relations in them, four levels deep. */
export async function makePage(made) {
  return id(await pages.create({
    title: `${mark} Landing`, slug: `${mark}-landing`, template: 'landing', showInMenu: true, articles: [made.article.two, made.article.one],
    seo: { metaTitle: 'Landing' },
    sections: [
      { __component: 'sections.hero', heading: 'Welcome', buttons: [{ label: 'Read', article: made.article.one }, { label: 'More', href: '/more' }] },
      { __component: 'sections.rich-text', body: '# Hello' },
      { __component: 'sections.quote', text: 'Words', author: made.ada },
      { __component: 'sections.article-list', heading: 'Latest', articles: [made.article.three, made.article.one] },
      { __component: 'sections.feature-grid', heading: 'Why', groups: [{ name: 'A', features: [{ title: 'Fast', link: { label: 'Proof', article: made.article.two } }] }] },
      { __component: 'sections.faq', title: 'Questions', items: [{ question: 'Why?', answer: [{ type: 'paragraph', children: [{ type: 'text', text: 'Because.' }] }] }] },
      { __component: 'sections.call-to-action', title: 'Go', theme: 'dark', link: { label: 'Now', href: '/now' } },
    ],
  }));
}

/** The first section of a component in a page. */
export const section = (page, component) => page.sections.find((item) => item.__component === component);
