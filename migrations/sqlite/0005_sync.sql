-- Which history the change log tells, and the key that signs sync tokens; they go with the database into every
-- backup and to every node.
insert into settings (name, value) values ('log_id', lower(hex(randomblob(8)))) on conflict do nothing;
insert into settings (name, value) values ('sync_key', lower(hex(randomblob(32)))) on conflict do nothing;

-- On a read node: documents fetched after a change of the schema, until all are there and take the place of what
-- is served.
create table node_staged (
    doc     integer not null primary key,
    content text    not null
) strict;
