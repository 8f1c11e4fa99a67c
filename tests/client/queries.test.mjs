// Lists: filters, sort, both paginations, fields.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { HTTPBadRequestError } from '@strapi/client';
import { articles, makeArticles, mark, mine, slugs } from './content.mjs';

let made;
before(async () => { made = await makeArticles(); });

const list = async (filters, sort = 'rating:asc') => slugs(await articles.find({ filters: { $and: [mine, filters] }, sort }));

describe('filters', () => {
  const cases = [
    ['a value means equal', { rating: 3 }, ['three']],
    ['$eq', { rating: { $eq: 3 } }, ['three']],
    ['$ne', { rating: { $ne: 3 } }, ['one', 'two', 'four', 'five']],
    ['$in', { rating: { $in: [1, 5] } }, ['one', 'five']],
    ['$notIn', { rating: { $notIn: [1, 5] } }, ['two', 'three', 'four']],
    ['$lt', { rating: { $lt: 2 } }, ['one']],
    ['$lte', { rating: { $lte: 2 } }, ['one', 'two']],
    ['$gt with $lt', { rating: { $gt: 1, $lt: 4 } }, ['two', 'three']],
    ['$gte', { rating: { $gte: 5 } }, ['five']],
    ['$between', { rating: { $between: [2, 4] } }, ['two', 'three', 'four']],
    ['$contains', { title: { $contains: 'thr' } }, ['three']],
    ['$contains minds the case', { title: { $contains: 'THR' } }, []],
    ['$containsi does not', { title: { $containsi: 'THR' } }, ['three']],
    ['$notContains', { title: { $notContains: 'o' } }, ['three', 'five']],
    ['$endsWith', { title: { $endsWith: 'e' } }, ['one', 'three', 'five']],
    ['$eqi', { slug: { $eqi: `${mark}-ONE`.toUpperCase() } }, ['one']],
    ['$null', { author: { $null: true } }, ['five']],
    ['$notNull', { category: { $notNull: true } }, ['one', 'two', 'three']],
    ['a boolean', { featured: true }, ['one']],
    ['$or', { $or: [{ rating: 1 }, { kind: 'review' }] }, ['one', 'four']],
    ['$not', { $not: { rating: { $lt: 4 } } }, ['four', 'five']],
    ['$and in $or', { $or: [{ $and: [{ rating: 1 }, { kind: 'guide' }] }, { $and: [{ rating: 2 }, { kind: 'guide' }] }] }, ['one']],
    ['through a relation', { author: { rank: { $eq: 2 } } }, ['three', 'four']],
    ['through two relations', { category: { parent: { slug: { $endsWith: 'news' } } } }, ['one']],
    ['through a component', { seo: { keywords: 'first' } }, ['one']],
    ['through a to-many relation, once each', { tags: { weight: { $gte: 0 } } }, ['one', 'two', 'three']],
  ];
  for (const [name, filters, expected] of cases) test(name, async () => assert.deepEqual(await list(filters), expected));

  test('by documentId, of the document and of a relation', async () => {
    assert.deepEqual(await list({ documentId: made.article.four }), ['four']);
    assert.deepEqual(await list({ author: { documentId: { $in: [made.bob] } } }), ['three', 'four']);
  });
});

describe('sort', () => {
  const sorted = async (sort) => slugs(await articles.find({ filters: mine, sort }));
  test('one, descending', async () => assert.deepEqual(await sorted('rating:desc'), ['five', 'four', 'three', 'two', 'one']));
  test('several, as a list and as one string', async () => {
    const expected = ['one', 'two', 'three', 'five', 'four'];
    assert.deepEqual(await sorted(['featured:desc', 'kind:asc', 'rating:asc']), expected);
    assert.deepEqual(await sorted('featured:desc,kind:asc,rating:asc'), expected);
  });
  test('through a relation', async () => {
    const query = { filters: { ...mine, author: { $notNull: true } }, sort: ['author.name:desc', 'rating:asc'] };
    assert.deepEqual(slugs(await articles.find(query)), ['three', 'four', 'one', 'two']);
  });
});

describe('pagination', () => {
  const page = (pagination) => articles.find({ filters: mine, sort: 'rating', pagination });
  test('by page', async () => {
    const answer = await page({ page: 2, pageSize: 2 });
    assert.deepEqual(slugs(answer), ['three', 'four']);
    assert.deepEqual(answer.meta.pagination, { page: 2, pageSize: 2, pageCount: 3, total: 5 });
  });
  test('by offset', async () => {
    const answer = await page({ start: 3, limit: 10 });
    assert.deepEqual(slugs(answer), ['four', 'five']);
    assert.deepEqual(answer.meta.pagination, { start: 3, limit: 10, total: 5 });
  });
  test('without a count', async () => {
    const { meta } = await page({ page: 1, pageSize: 2, withCount: false });
    assert.equal(meta.pagination.total, undefined);
  });
  test('behind the end', async () => assert.deepEqual(slugs(await page({ page: 9, pageSize: 2 })), []));
  test('both ways at once are refused', async () => { await assert.rejects(page({ page: 1, start: 0 }), HTTPBadRequestError); });
});

test('fields cut the documents down, ids stay', async () => {
  const { data } = await articles.find({ filters: mine, fields: ['title', 'rating'], sort: 'rating' });
  assert.deepEqual(Object.keys(data[0]).sort(), ['documentId', 'id', 'rating', 'title']);
});
