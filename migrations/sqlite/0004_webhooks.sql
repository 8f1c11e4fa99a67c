-- Endpoints: who is told of what. events, types, includes and headers are JSON; an empty list of types is every type.
-- state: active or paused. Times without `text` are milliseconds since 1970 by the clock of the database.
-- lease: a number that grows with every claim of the endpoint's queue; whoever holds an older one has lost it.
create table webhooks (
    id               integer not null primary key,
    name             text not null,
    url              text not null,
    events           text not null,
    types            text not null,
    includes         text not null,
    query            text not null,
    drafts           integer not null,
    template         text,
    headers          text not null,
    secret           text not null,
    old_secret       text,
    old_secret_until integer,
    state            text not null,
    reason           text,
    created_at       text not null,
    failures         integer not null,
    failing_since    integer,
    tried_at         integer not null,
    lease            integer not null,
    lease_until      integer not null
) strict;
create unique index webhooks__name on webhooks (name);

-- What is sent to an endpoint, the same on every try. state: waiting, delivered or parked.
-- tries: how often in all; step: how often since it was queued or replayed, which is the place in the schedule.
create table webhook_deliveries (
    id          integer not null primary key autoincrement,
    event_id    text not null,
    endpoint    integer not null,
    event       text not null,
    uid         text not null,
    document_id text,
    sequence    integer not null,
    payload     text not null,
    state       text not null,
    tries       integer not null,
    step        integer not null,
    next_at     integer not null,
    created_at  integer not null,
    finished_at integer
) strict;
create unique index webhook_deliveries__event on webhook_deliveries (endpoint, event_id);
-- Whether something of an endpoint is due, and its oldest that is.
create index webhook_deliveries_due on webhook_deliveries (endpoint, next_at) where state = 'waiting';
create index webhook_deliveries_order on webhook_deliveries (endpoint, id, next_at) where state = 'waiting';
create index webhook_deliveries_finished on webhook_deliveries (finished_at) where finished_at is not null;

-- What was sent and answered, without secrets.
create table webhook_attempts (
    delivery    integer not null,
    number      integer not null,
    at          integer not null,
    duration_ms integer,
    request     text not null,
    status      integer,
    response    text,
    error       text,
    primary key (delivery, number)
) strict, without rowid;

-- Cache tags that a CDN must forget; `*` is everything. wanted grows with every wish for the same tag, so that a wish
-- that comes while the tag is being purged is not lost; at is when it was wished for last.
create table purge_tags (
    tag     text not null primary key,
    wanted  integer not null,
    at      integer not null,
    tries   integer not null
) strict;
-- One row: who may call the CDN now, until when, and when the next call may be made.
create table purge_turn (
    id            integer not null primary key,
    lease         integer not null,
    lease_until   integer not null,
    next_call     integer not null,
    error         text,
    failing_since integer
) strict;
insert into purge_turn (id, lease, lease_until, next_call) values (1, 0, 0, 0);
