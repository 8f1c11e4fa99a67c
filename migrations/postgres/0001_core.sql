-- Numbers given once: documents, locale rows, component items, types and fields.
create table sequences (
    name text collate "C" not null primary key,
    next bigint not null
);
insert into sequences values ('id', 1);

create table settings (
    name  text collate "C" not null primary key,
    value text collate "C" not null
);
insert into settings values ('schema_generation', '1');

-- Types and components; kind: collectionType, singleType or component.
create table schema_types (
    id         bigint not null primary key,
    uid        text collate "C"    not null,
    kind       text collate "C"    not null,
    definition text collate "C"    not null,
    trashed_at text collate "C"
);

create table schema_fields (
    id         bigint not null primary key,
    owner      bigint not null,
    name       text collate "C"    not null,
    position   bigint not null,
    definition text collate "C"    not null,
    trashed_at text collate "C"
);

create table locales (
    id         bigint not null primary key,
    code       text collate "C"    not null,
    name       text collate "C"    not null,
    is_default bigint not null,
    fallback   text collate "C"
);
create unique index locales__code on locales (code);

-- The identity of every document; a trashed one keeps its row and its links.
create table documents (
    doc         bigint not null primary key,
    document_id text collate "C"    not null,
    type_id     bigint not null,
    revision    bigint not null,
    created_at  text collate "C"    not null,
    created_by  text collate "C",
    trashed_at  text collate "C"
);
create unique index documents__document_id on documents (document_id);
create index documents_by_type on documents (type_id, doc) where trashed_at is not null;

-- owner, target: documents.doc. stage: 0 draft, 1 published. locale: '' = shared by all locales.
-- item: id of the component item that holds the link, 0 = the entry itself.
create table links (
    owner         bigint not null,
    stage         bigint not null,
    field         bigint not null,
    locale        text collate "C"    not null,
    item          bigint not null,
    position      bigint not null,
    target        bigint not null,
    back_position bigint not null,
    primary key (owner, stage, field, locale, item, position)
);
create index links_by_target on links (target, field, stage, back_position);

-- Whole documents as they were after each change.
create table versions (
    doc     bigint not null,
    number  bigint not null,
    action  text collate "C"    not null,
    locale  text collate "C"    not null,
    author  text collate "C",
    at      text collate "C"    not null,
    content text collate "C"    not null
);
create unique index versions__doc__number on versions (doc, number);

create table trash (
    doc     bigint not null primary key,
    content text collate "C"    not null,
    author  text collate "C",
    at      text collate "C"    not null
);

-- What happened, in commit order.
create table changes (
    seq         bigint generated always as identity primary key,
    -- Numbers are taken before commit; readers stop below the oldest transaction still running.
    xid         xid8 not null default pg_current_xact_id(),
    kind        text collate "C"    not null,
    type_id     bigint,
    doc         bigint,
    document_id text collate "C",
    locale      text collate "C",
    stage       bigint,
    author      text collate "C",
    at          text collate "C"    not null
);

create index changes_by_commit on changes (xid, seq);

create table users (
    id            bigint not null primary key,
    email         text collate "C"    not null,
    password_hash text collate "C"    not null,
    role          text collate "C"    not null,
    created_at    text collate "C"    not null
);
create unique index users__email on users (email);

create table api_tokens (
    id           bigint not null primary key,
    name         text collate "C"    not null,
    secret_hash  text collate "C"    not null,
    kind         text collate "C"    not null,
    created_at   text collate "C"    not null,
    expires_at   text collate "C"
);
create unique index api_tokens__name on api_tokens (name);
create unique index api_tokens__secret_hash on api_tokens (secret_hash);

-- holder: 'role:NAME' or 'token:ID'.
create table grants (
    holder   text collate "C" not null,
    type_uid text collate "C" not null,
    action   text collate "C" not null,
    primary key (holder, type_uid, action)
);
