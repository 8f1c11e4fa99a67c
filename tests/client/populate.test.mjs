// Every form of populate.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { HTTPBadRequestError } from '@strapi/client';
import { articles, authors, categories, makeArticles, makePage, mark, mine, pages, section } from './content.mjs';

let made, page;
before(async () => {
  made = await makeArticles();
  page = await makePage(made);
});

const one = async (populate) => (await articles.findOne(made.article.one, { populate })).data;
const landing = async (populate) => (await pages.findOne(page, { populate })).data;

describe('populate of relations and components', () => {
  test('nothing by itself', async () => {
    const article = await one(undefined);
    for (const name of ['author', 'category', 'tags', 'related', 'seo', 'links', 'cover']) assert.ok(!(name in article), name);
  });

  test('a string', async () => {
    const article = await one('author');
    assert.equal(article.author.documentId, made.ada);
    assert.ok(!('category' in article));
  });

  test('a string with commas, and an array', async () => {
    for (const form of ['author,category,tags', ['author', 'category', 'tags']]) {
      const article = await one(form);
      assert.equal(article.author.name, `${mark} Ada`);
      assert.equal(article.category.slug, `${mark}-local`);
      assert.deepEqual(article.tags.map((tag) => tag.weight), [0, 1, 2]);
      assert.ok(!('articles' in article.author));
    }
  });

  test('a star: everything, one level', async () => {
    const article = await one('*');
    assert.equal(article.author.documentId, made.ada);
    assert.equal(article.tags.length, 3);
    assert.deepEqual(article.related, []);
    assert.equal(article.landingPage, null);
    assert.equal(article.cover, null);
    assert.equal(article.seo.metaTitle, 'One');
    assert.equal(typeof article.seo.id, 'number');
    assert.ok(!('documentId' in article.seo));
    assert.ok(!('metaSocial' in article.seo));
    assert.equal(article.links[0].label, 'Home');
  });

  test('deep paths', async () => {
    const article = await one(['seo.metaSocial', 'category.parent', 'author.seo.metaSocial']);
    assert.deepEqual(article.seo.metaSocial.map((item) => item.network), ['facebook', 'twitter']);
    assert.equal(article.category.parent.slug, `${mark}-news`);
    assert.equal(article.author.seo.metaSocial[0].title, 'Ada writes');
  });

  test('an object, with true, a star and nested forms', async () => {
    const article = await one({ author: true, seo: { populate: '*' }, category: { populate: { parent: { populate: ['children'] } } } });
    assert.equal(article.author.rank, 1);
    assert.equal(article.seo.metaSocial.length, 2);
    assert.equal(article.category.parent.children[0].documentId, made.local);
  });

  test('the other side of a relation', async () => {
    const { data } = await authors.findOne(made.ada, { populate: { articles: { sort: 'rating:desc', fields: ['slug'] } } });
    assert.deepEqual(data.articles.map((article) => article.slug), [`${mark}-two`, `${mark}-one`]);
    const parent = await categories.findOne(made.news, { populate: ['children'] });
    assert.equal(parent.data.children[0].documentId, made.local);
  });

  test('in lists as in single documents', async () => {
    const { data } = await articles.find({ filters: mine, sort: 'rating', populate: { author: { fields: ['name'] }, tags: true } });
    assert.deepEqual(data.map((article) => article.author?.name ?? null), ['Ada', 'Ada', 'Bob', 'Bob', null].map((name) => name && `${mark} ${name}`));
    assert.deepEqual(data.map((article) => article.tags.length), [3, 1, 1, 0, 0]);
  });
});

describe('options of populate', () => {
  test('fields', async () => {
    const { author } = await one({ author: { fields: ['name'] } });
    assert.deepEqual(Object.keys(author).sort(), ['documentId', 'id', 'name']);
  });

  test('sort', async () => {
    const { tags } = await one({ tags: { sort: ['weight:desc'] } });
    assert.deepEqual(tags.map((tag) => tag.weight), [2, 1, 0]);
  });

  test('filters', async () => {
    const { tags } = await one({ tags: { filters: { weight: { $gt: 0 } } } });
    assert.deepEqual(tags.map((tag) => tag.weight), [1, 2]);
  });

  test('count', async () => {
    const { tags } = await one({ tags: { count: true } });
    assert.deepEqual(tags, { count: 3 });
  });

  test('all of them, two levels down', async () => {
    const populate = { articles: { filters: { rating: { $lt: 2 } }, fields: ['title'], populate: { tags: { fields: ['weight'], sort: 'weight:desc', filters: { weight: { $ne: 1 } } } } } };
    const { data } = await authors.findOne(made.ada, { populate });
    assert.equal(data.articles.length, 1);
    assert.deepEqual(data.articles[0].tags.map((tag) => tag.weight), [2, 0]);
  });
});

describe('populate of a dynamic zone', () => {
  test('shallow', async () => {
    const { sections } = await landing(['sections']);
    assert.deepEqual(sections.map((item) => item.__component), ['hero', 'rich-text', 'quote', 'article-list', 'feature-grid', 'faq', 'call-to-action'].map((name) => `sections.${name}`));
    assert.ok(sections.every((item) => typeof item.id === 'number' && !('documentId' in item)));
    assert.equal(sections[0].heading, 'Welcome');
    assert.ok(!('buttons' in sections[0]));
  });

  test('a star inside: one level of each component', async () => {
    const answer = await landing({ sections: { populate: '*' } });
    assert.equal(section(answer, 'sections.hero').buttons[1].href, '/more');
    assert.equal(section(answer, 'sections.quote').author.documentId, made.ada);
    assert.deepEqual(section(answer, 'sections.article-list').articles.map((article) => article.slug), [`${mark}-three`, `${mark}-one`]);
    assert.equal(section(answer, 'sections.faq').items[0].answer[0].children[0].text, 'Because.');
    assert.equal(section(answer, 'sections.call-to-action').link.label, 'Now');
    assert.ok(!('article' in section(answer, 'sections.hero').buttons[0]));
  });

  test('fragments, each component with its own form, four levels deep', async () => {
    const answer = await landing({
      sections: {
        on: {
          'sections.hero': { populate: { buttons: { populate: { article: { fields: ['slug'], populate: { author: { fields: ['name'] } } } } } } },
          'sections.quote': { populate: ['author'] },
          'sections.rich-text': true,
          'sections.article-list': { fields: ['heading'], populate: { articles: { sort: 'rating:asc', fields: ['slug'] } } },
          'sections.feature-grid': { populate: { groups: { populate: { features: { populate: { link: { populate: ['article'] } } } } } } },
        },
      },
    });
    const [read, more] = section(answer, 'sections.hero').buttons;
    assert.deepEqual([read.article.slug, read.article.author.name, more.article], [`${mark}-one`, `${mark} Ada`, null]);
    assert.equal(section(answer, 'sections.quote').author.name, `${mark} Ada`);
    assert.equal(section(answer, 'sections.rich-text').body, '# Hello');
    assert.deepEqual(section(answer, 'sections.article-list').articles.map((article) => article.slug), [`${mark}-one`, `${mark}-three`]);
    assert.equal(section(answer, 'sections.feature-grid').groups[0].features[0].link.article.slug, `${mark}-two`);
  });

  test('beside other fields', async () => {
    const answer = await landing({ seo: true, articles: { fields: ['slug'] }, sections: { on: { 'sections.hero': true } } });
    assert.equal(answer.seo.metaTitle, 'Landing');
    assert.deepEqual(answer.articles.map((article) => article.slug), [`${mark}-two`, `${mark}-one`]);
    assert.equal(section(answer, 'sections.hero').heading, 'Welcome');
  });

  test('misplaced options are refused', async () => {
    await assert.rejects(landing({ sections: { populate: { buttons: true } } }), HTTPBadRequestError);
    await assert.rejects(landing({ sections: { fields: ['heading'] } }), HTTPBadRequestError);
    await assert.rejects(one({ author: { on: { 'sections.hero': true } } }), HTTPBadRequestError);
  });
});
