-- What a change did to what is public (JSON, see changes::Detail), and a number that names the change
-- before its seq is known.
alter table changes add column detail text;
alter table changes add column origin integer not null default 0;

-- How far each durable follower of the log has come.
create table cursors (
    name        text    not null primary key,
    transaction_id integer not null,
    seq         integer not null
) strict, without rowid;
