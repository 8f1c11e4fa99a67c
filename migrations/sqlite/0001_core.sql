-- Numbers given once: documents, locale rows, component items, types and fields.
create table sequences (
    name text not null primary key,
    next integer not null
) strict;
insert into sequences values ('id', 1);

create table settings (
    name  text not null primary key,
    value text not null
) strict;
insert into settings values ('schema_generation', '1');

-- Types and components; kind: collectionType, singleType or component.
create table schema_types (
    id         integer not null primary key,
    uid        text    not null,
    kind       text    not null,
    definition text    not null,
    trashed_at text
) strict;

create table schema_fields (
    id         integer not null primary key,
    owner      integer not null,
    name       text    not null,
    position   integer not null,
    definition text    not null,
    trashed_at text
) strict;

create table locales (
    id         integer not null primary key,
    code       text    not null,
    name       text    not null,
    is_default integer not null,
    fallback   text
) strict;
create unique index locales__code on locales (code);

-- The identity of every document; a trashed one keeps its row and its links.
create table documents (
    doc         integer not null primary key,
    document_id text    not null,
    type_id     integer not null,
    revision    integer not null,
    created_at  text    not null,
    created_by  text,
    trashed_at  text
) strict;
create unique index documents__document_id on documents (document_id);
create index documents_by_type on documents (type_id, doc) where trashed_at is not null;

-- owner, target: documents.doc. stage: 0 draft, 1 published. locale: '' = shared by all locales.
-- item: id of the component item that holds the link, 0 = the entry itself.
create table links (
    owner         integer not null,
    stage         integer not null,
    field         integer not null,
    locale        text    not null,
    item          integer not null,
    position      integer not null,
    target        integer not null,
    back_position integer not null,
    primary key (owner, stage, field, locale, item, position)
) strict, without rowid;
create index links_by_target on links (target, field, stage, back_position);

-- Whole documents as they were after each change.
create table versions (
    doc     integer not null,
    number  integer not null,
    action  text    not null,
    locale  text    not null,
    author  text,
    at      text    not null,
    content text    not null
) strict;
create unique index versions__doc__number on versions (doc, number);

create table trash (
    doc     integer not null primary key,
    content text    not null,
    author  text,
    at      text    not null
) strict;

-- What happened, in commit order.
create table changes (
    seq         integer not null primary key autoincrement,
    kind        text    not null,
    type_id     integer,
    doc         integer,
    document_id text,
    locale      text,
    stage       integer,
    author      text,
    at          text    not null
) strict;

create table users (
    id            integer not null primary key,
    email         text    not null,
    password_hash text    not null,
    role          text    not null,
    created_at    text    not null
) strict;
create unique index users__email on users (email);

create table api_tokens (
    id           integer not null primary key,
    name         text    not null,
    secret_hash  text    not null,
    kind         text    not null,
    created_at   text    not null,
    expires_at   text
) strict;
create unique index api_tokens__name on api_tokens (name);
create unique index api_tokens__secret_hash on api_tokens (secret_hash);

-- holder: 'role:NAME' or 'token:ID'.
create table grants (
    holder   text not null,
    type_uid text not null,
    action   text not null,
    primary key (holder, type_uid, action)
) strict, without rowid;
