// Written by `tympan schema types`. Changes are overwritten; change the schema instead.
// Properties with `?` are there only when the request populates them.

/** What every document has. */
export interface Entry {
  id: number;
  documentId: string;
  createdAt: string;
  updatedAt: string;
  publishedAt: string | null;
}

/** A document of a localised type. */
export interface LocalizedEntry<T> extends Entry {
  locale: string | null;
  localizations?: T[];
}

/** One size of a picture. */
export interface MediaFormat {
  name: string;
  hash: string;
  ext: string | null;
  mime: string;
  path: string | null;
  width: number;
  height: number;
  size: number;
  sizeInBytes?: number;
  url: string;
}

/** A file. */
export interface MediaFile extends Entry {
  name: string;
  alternativeText: string | null;
  caption: string | null;
  width: number | null;
  height: number | null;
  formats: { [size: string]: MediaFormat } | null;
  hash: string;
  ext: string | null;
  mime: string;
  size: number;
  url: string;
  previewUrl: string | null;
  provider: string;
  provider_metadata: Json;
}

/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A piece of text in a block. */
export interface TextNode {
  type: "text";
  text: string;
  bold?: boolean;
  italic?: boolean;
  underline?: boolean;
  strikethrough?: boolean;
  code?: boolean;
}

/** A link in a block. */
export interface LinkNode {
  type: "link";
  url: string;
  children: TextNode[];
}

/** What a block holds. */
export type InlineNode = TextNode | LinkNode;

/** A list in a block value; lists nest. */
export interface ListNode {
  type: "list";
  format: "ordered" | "unordered";
  children: Array<{ type: "list-item"; children: InlineNode[] } | ListNode>;
}

/** One block of structured text. */
export type BlockNode =
  | { type: "paragraph" | "quote" | "code"; children: InlineNode[] }
  | { type: "heading"; level: 1 | 2 | 3 | 4 | 5 | 6; children: InlineNode[] }
  | { type: "image"; image: { url: string; [key: string]: Json }; children: InlineNode[] }
  | ListNode;

/** Structured text. */
export type Blocks = BlockNode[];

/** How much of a list an answer holds. */
export type Pagination =
  | { page: number; pageSize: number; pageCount?: number; total?: number }
  | { start: number; limit: number; total?: number };

/** The answer with one entry. */
export interface One<T> {
  data: T;
  meta: { [key: string]: Json };
}

/** The answer with a list. */
export interface List<T> {
  data: T[];
  meta: { pagination: Pagination };
}

/** The answer to a request that failed. */
export interface ApiError {
  data: null;
  error: { status: number; name: string; message: string; details: Json };
}

