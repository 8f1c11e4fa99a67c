-- How much callers have asked for: when each would have earned all of it, in microseconds since 1970 by the
-- database's clock.
create table rates (
    name   text    not null primary key,
    earned integer not null
) strict, without rowid;
create index rates_by_age on rates (earned);
