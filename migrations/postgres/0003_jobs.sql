-- Work to be done at a time, each piece by one node. Times are milliseconds since 1970 by the database's clock.
create table jobs (
    id           bigint generated always as identity primary key,
    kind         text collate "C" not null,
    -- What it is about, such as a documentId; '' = nothing of its own.
    subject      text collate "C" not null,
    payload      text collate "C" not null,
    author       text collate "C",
    -- waiting, running, done, failed or cancelled.
    state        text collate "C" not null,
    -- When it was meant to run.
    run_at       bigint not null,
    -- When somebody must look at it next: its time, its next try, or the end of its lease.
    due_at       bigint not null,
    attempts     bigint not null,
    max_attempts bigint not null,
    -- Who runs it, and the number of the claim: a node whose claim is older may not finish it.
    owner        text collate "C",
    fence        bigint not null,
    cancel       bigint not null,
    progress     text collate "C",
    error        text collate "C",
    -- Of the open jobs with the same key there is one.
    unique_key   text collate "C",
    created_at   bigint not null,
    finished_at  bigint
);
create index jobs_due on jobs (kind, due_at, id) where state in ('waiting', 'running');
create unique index jobs__unique_key on jobs (unique_key) where state in ('waiting', 'running');
create index jobs_by_subject on jobs (subject, id) where subject <> '';
create index jobs_finished on jobs (finished_at) where finished_at is not null;
