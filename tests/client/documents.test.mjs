// Create, read, change and delete: collection types, single types, drafts, locales, errors.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HTTPAuthorizationError, HTTPBadRequestError, HTTPForbiddenError, HTTPNotFoundError } from '@strapi/client';
import { anonymous, articles, authors, client, events, makeArticles, mark, withToken } from './content.mjs';

const NOBODY = 'zzzzzzzzzzzzzzzzzzzzzzzz';
let made;
before(async () => { made = await makeArticles(); });

async function bodyOf(promise, kind) {
  let failure;
  await assert.rejects(promise, (error) => { failure = error; return error instanceof kind; });
  return failure.response.json();
}

describe('a collection type', () => {
  test('create answers with the whole flat document', async () => {
    const { data, meta } = await articles.create({
      title: 'A whole article', slug: `${mark}-whole`, body: '**bold**', extra: { a: [1, { b: null }] }, contactEmail: 'x@example.com', secret: 'hush-hush',
      views: '9007199254740993', score: 1.5, price: 12.5, publishDate: '2026-02-03', readTime: '12:30:00.000', eventAt: '2026-02-03T04:05:06.789Z',
      sku: 'AB-123', internalNote: 'not for readers',
      content: [{ type: 'paragraph', children: [{ type: 'text', text: 'Hello', bold: true }] }],
    });
    assert.match(data.documentId, /^[a-z0-9]{24}$/);
    assert.equal(typeof data.id, 'number');
    assert.deepEqual(meta, {});
    assert.deepEqual(data.extra, { a: [1, { b: null }] });
    assert.equal(data.views, '9007199254740993');
    assert.equal(data.price, 12.5);
    assert.equal(data.publishDate, '2026-02-03');
    assert.equal(data.readTime, '12:30:00.000');
    assert.equal(data.eventAt, '2026-02-03T04:05:06.789Z');
    assert.equal(data.kind, 'news');
    assert.equal(data.featured, false);
    assert.equal(data.subtitle, null);
    assert.equal(data.content[0].children[0].text, 'Hello');
    for (const name of ['createdAt', 'updatedAt', 'publishedAt']) assert.match(data[name], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    for (const name of ['secret', 'internalNote', 'createdBy', 'updatedBy', 'author', 'tags', 'seo', 'cover']) assert.ok(!(name in data), name);
    await articles.delete(data.documentId);
  });

  test('findOne finds what create made', async () => {
    const { data } = await articles.findOne(made.article.one);
    assert.equal(data.documentId, made.article.one);
    assert.equal(data.title, `${mark} one`);
  });

  test('update changes what is named and clears what is null', async () => {
    const { data } = await articles.update(made.article.five, { subtitle: 'now', rating: null });
    assert.equal(data.subtitle, 'now');
    assert.equal(data.rating, null);
    assert.equal(data.title, `${mark} five`);
    assert.equal((await articles.update(made.article.five, { rating: 5 })).data.subtitle, 'now');
  });

  test('relations are connected, disconnected and ordered', async () => {
    const { red, green, blue } = made.tag;
    const order = async (change) => {
      const { data } = await articles.update(made.article.four, { tags: change }, { populate: 'tags' });
      return data.tags.map((tag) => tag.documentId);
    };
    assert.deepEqual(await order([red, green]), [red, green]);
    assert.deepEqual(await order({ connect: [{ documentId: blue, position: { before: green } }] }), [red, blue, green]);
    assert.deepEqual(await order({ disconnect: [red] }), [blue, green]);
    assert.deepEqual(await order({ connect: [{ documentId: red, position: { start: true } }] }), [red, blue, green]);
    assert.deepEqual(await order({ set: [] }), []);
  });

  test('delete answers with nothing, and the document is gone', async () => {
    const { data } = await articles.create({ title: 'Short lived', slug: `${mark}-gone` });
    assert.equal(await articles.delete(data.documentId), undefined);
    await assert.rejects(articles.findOne(data.documentId), HTTPNotFoundError);
  });

  test('a type without drafts is read in the same way', async () => {
    const { data } = await authors.findOne(made.ada);
    assert.equal(data.name, `${mark} Ada`);
    assert.equal(data.active, true);
  });
});

describe('drafts', () => {
  test('a draft is not published until an update publishes it', async () => {
    const { data } = await articles.create({ title: 'Only a draft', slug: `${mark}-draft` }, { status: 'draft' });
    assert.equal(data.publishedAt, null);
    await assert.rejects(articles.findOne(data.documentId), HTTPNotFoundError);
    assert.equal((await articles.findOne(data.documentId, { status: 'draft' })).data.title, 'Only a draft');
    const published = await articles.update(data.documentId, {});
    assert.notEqual(published.data.publishedAt, null);
    assert.equal((await articles.findOne(data.documentId)).data.title, 'Only a draft');
  });

  test('an edited draft leaves the published version alone', async () => {
    await articles.update(made.article.two, { subtitle: 'next week' }, { status: 'draft' });
    assert.equal((await articles.findOne(made.article.two)).data.subtitle, null);
    assert.equal((await articles.findOne(made.article.two, { status: 'draft' })).data.subtitle, 'next week');
  });
});

describe('locales', () => {
  test('shared values stand in both, localised ones in their own', async () => {
    const locales = await (await client.fetch('/i18n/locales')).json();
    assert.deepEqual(locales.map((locale) => locale.code).sort(), ['en', 'fr']);
    const english = await events.create({ name: 'Fair', slug: `${mark}-fair`, venue: 'Hall', capacity: 10 });
    const id = english.data.documentId;
    const french = await events.update(id, { name: 'Foire', slug: `${mark}-foire`, capacity: 20 }, { locale: 'fr' });
    assert.equal(french.data.documentId, id);
    assert.equal(french.data.locale, 'fr');
    assert.equal(french.data.venue, 'Hall');
    assert.equal((await events.findOne(id)).data.name, 'Fair');
    const both = await events.findOne(id, { locale: 'fr', populate: ['localizations'] });
    assert.equal(both.data.name, 'Foire');
    assert.deepEqual(both.data.localizations.map((other) => other.locale), ['en']);
    const listed = await events.find({ locale: 'fr', filters: { slug: { $startsWith: mark } } });
    assert.deepEqual(listed.data.map((event) => event.name), ['Foire']);
    await events.delete(id, { locale: 'fr' });
    await assert.rejects(events.findOne(id, { locale: 'fr' }), HTTPNotFoundError);
    assert.equal((await events.findOne(id)).data.name, 'Fair');
  });
});

describe('a single type', () => {
  const homepage = client.single('homepage');
  const global = client.single('global');
  after(async () => { await homepage.delete(); await global.delete(); });

  test('it is not there until the first update, and not after delete', async () => {
    await assert.rejects(homepage.find(), HTTPNotFoundError);
    const { data } = await homepage.update({ headline: 'Welcome', featured: [made.article.one] });
    assert.match(data.documentId, /^[a-z0-9]{24}$/);
    assert.equal((await homepage.find({ populate: 'featured' })).data.featured[0].slug, `${mark}-one`);
    await homepage.delete();
    await assert.rejects(homepage.find(), HTTPNotFoundError);
    await homepage.update({ headline: 'Again' });
    assert.equal((await homepage.find()).data.headline, 'Again');
  });

  test('components are replaced as a whole, and populated in every form', async () => {
    await global.update({
      siteName: 'Site', defaultSeo: { metaTitle: 'Site' }, footerLinks: [{ label: 'Imprint', href: '/imprint' }],
      navigation: [{ heading: 'Read', category: made.news, columns: [{ heading: 'New', links: [{ label: 'One', article: made.article.one }] }] }],
    });
    const populate = { navigation: { populate: { category: true, columns: { populate: { links: { populate: { article: { populate: ['author'] } } } } } } } };
    const [read] = (await global.find({ populate })).data.navigation;
    assert.equal(read.category.slug, `${mark}-news`);
    assert.equal(read.columns[0].links[0].article.author.name, `${mark} Ada`);
    const all = (await global.find({ populate: '*' })).data;
    assert.equal(all.footerLinks[0].label, 'Imprint');
    assert.equal(all.defaultSeo.metaTitle, 'Site');
    assert.equal((await global.find()).data.footerLinks, undefined);
    await global.update({ footerLinks: [] });
    assert.deepEqual((await global.find({ populate: ['footerLinks'] })).data.footerLinks, []);
  });
});

describe('errors', () => {
  test('wrong values are refused, all at once, each with its path', async () => {
    const { data, error } = await bodyOf(articles.create({ title: 'x', rating: 11, kind: 'gossip' }), HTTPBadRequestError);
    assert.equal(data, null);
    assert.equal(error.status, 400);
    assert.equal(error.name, 'ValidationError');
    assert.deepEqual(error.details.errors.map((problem) => problem.path.join('.')).sort(), ['kind', 'rating', 'title']);
  });

  test('an unknown key is named', async () => {
    for (const query of [{ filters: { nonsense: 1 } }, { sort: 'nonsense' }, { populate: 'nonsense' }, { fields: ['nonsense'] }]) {
      const { error } = await bodyOf(articles.find(query), HTTPBadRequestError);
      assert.match(error.message, /nonsense/);
    }
  });

  test('what is not there is not found', async () => {
    assert.equal((await bodyOf(articles.findOne(NOBODY), HTTPNotFoundError)).error.name, 'NotFoundError');
    await bodyOf(articles.update(NOBODY, {}), HTTPNotFoundError);
    await bodyOf(client.collection('nothings').find(), HTTPNotFoundError);
  });

  test('strangers are kept out', async () => {
    assert.equal((await bodyOf(anonymous.collection('articles').find(), HTTPForbiddenError)).error.name, 'ForbiddenError');
    assert.equal((await bodyOf(anonymous.collection('articles').create({ title: 'Mine' }), HTTPForbiddenError)).data, null);
    assert.equal((await bodyOf(withToken('wrong').collection('articles').find(), HTTPAuthorizationError)).error.name, 'UnauthorizedError');
  });

  test('fetch gives the raw answer and maps its errors', async () => {
    const answer = await client.fetch(`/articles/${made.article.one}?fields[0]=title`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /^application\/json/);
    assert.deepEqual(Object.keys((await answer.json()).data).sort(), ['documentId', 'id', 'title']);
    await assert.rejects(client.fetch('/articles?pagination[page]=1&pagination[start]=0'), HTTPBadRequestError);
    const headers = { 'Content-Type': 'application/json' };
    const created = await client.fetch('/tags', { method: 'POST', headers, body: JSON.stringify({ data: { name: `${mark} raw` } }) });
    assert.equal(created.status, 201);
  });
});
