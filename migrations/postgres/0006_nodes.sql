-- Places in the change log are numbers of transactions plus this shift. A database that is restored into another
-- cluster meets smaller transaction numbers there; the shift grows, so that what is written next comes after what
-- was written before, and no place that somebody remembers loses its meaning.
create table log_shift (
    shift bigint not null
);
insert into log_shift values (0);
create function log_place(number xid8) returns xid8 language sql stable as
    'select ((number::text::bigint + (select shift from log_shift))::text)::xid8';
alter table changes alter column xid set default log_place(pg_current_xact_id());

-- How much callers have asked for: when each would have earned all of it, in microseconds since 1970 by the
-- database's clock. Worth nothing after a crash, so it is not logged.
create unlogged table rates (
    name   text collate "C" not null primary key,
    earned bigint not null
);
create index rates_by_age on rates (earned);
