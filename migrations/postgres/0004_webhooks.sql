-- Endpoints: who is told of what. events, types, includes and headers are JSON; an empty list of types is every type.
-- state: active or paused. Times without `text` are milliseconds since 1970 by the clock of the database.
-- lease: a number that grows with every claim of the endpoint's queue; whoever holds an older one has lost it.
create table webhooks (
    id               bigint not null primary key,
    name             text collate "C" not null,
    url              text collate "C" not null,
    events           text collate "C" not null,
    types            text collate "C" not null,
    includes         text collate "C" not null,
    query            text collate "C" not null,
    drafts           bigint not null,
    template         text collate "C",
    headers          text collate "C" not null,
    secret           text collate "C" not null,
    old_secret       text collate "C",
    old_secret_until bigint,
    state            text collate "C" not null,
    reason           text collate "C",
    created_at       text collate "C" not null,
    failures         bigint not null,
    failing_since    bigint,
    tried_at         bigint not null,
    lease            bigint not null,
    lease_until      bigint not null
);
create unique index webhooks__name on webhooks (name);

-- What is sent to an endpoint, the same on every try. state: waiting, delivered or parked.
-- tries: how often in all; step: how often since it was queued or replayed, which is the place in the schedule.
create table webhook_deliveries (
    id          bigint generated always as identity primary key,
    event_id    text collate "C" not null,
    endpoint    bigint not null,
    event       text collate "C" not null,
    uid         text collate "C" not null,
    document_id text collate "C",
    sequence    bigint not null,
    payload     text collate "C" not null,
    state       text collate "C" not null,
    tries       bigint not null,
    step        bigint not null,
    next_at     bigint not null,
    created_at  bigint not null,
    finished_at bigint
);
create unique index webhook_deliveries__event on webhook_deliveries (endpoint, event_id);
-- Whether something of an endpoint is due, and its oldest that is.
create index webhook_deliveries_due on webhook_deliveries (endpoint, next_at) where state = 'waiting';
create index webhook_deliveries_order on webhook_deliveries (endpoint, id, next_at) where state = 'waiting';
create index webhook_deliveries_finished on webhook_deliveries (finished_at) where finished_at is not null;

-- What was sent and answered, without secrets.
create table webhook_attempts (
    delivery    bigint not null,
    number      bigint not null,
    at          bigint not null,
    duration_ms bigint,
    request     text collate "C" not null,
    status      bigint,
    response    text collate "C",
    error       text collate "C",
    primary key (delivery, number)
);

-- Cache tags that a CDN must forget; `*` is everything. wanted grows with every wish for the same tag, so that a wish
-- that comes while the tag is being purged is not lost; at is when it was wished for last.
create table purge_tags (
    tag     text collate "C" not null primary key,
    wanted  bigint not null,
    at      bigint not null,
    tries   bigint not null
);
-- One row: who may call the CDN now, until when, and when the next call may be made.
create table purge_turn (
    id            bigint not null primary key,
    lease         bigint not null,
    lease_until   bigint not null,
    next_call     bigint not null,
    error         text collate "C",
    failing_since bigint
);
insert into purge_turn (id, lease, lease_until, next_call) values (1, 0, 0, 0);
