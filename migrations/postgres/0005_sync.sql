-- Which history the change log tells, and the key that signs sync tokens; they go with the database into every
-- backup and to every node.
insert into settings (name, value)
    values ('log_id', substr(replace(gen_random_uuid()::text, '-', ''), 1, 16)) on conflict do nothing;
insert into settings (name, value)
    values ('sync_key', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')) on conflict do nothing;

-- Read nodes keep their content in SQLite; the table is here so that both formats are one.
create table node_staged (
    doc     bigint not null primary key,
    content text collate "C" not null
);
