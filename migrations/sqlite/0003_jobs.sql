-- Work to be done at a time, each piece by one node. Times are milliseconds since 1970 by the database's clock.
create table jobs (
    id           integer not null primary key autoincrement,
    kind         text not null,
    -- What it is about, such as a documentId; '' = nothing of its own.
    subject      text not null,
    payload      text not null,
    author       text,
    -- waiting, running, done, failed or cancelled.
    state        text not null,
    -- When it was meant to run.
    run_at       integer not null,
    -- When somebody must look at it next: its time, its next try, or the end of its lease.
    due_at       integer not null,
    attempts     integer not null,
    max_attempts integer not null,
    -- Who runs it, and the number of the claim: a node whose claim is older may not finish it.
    owner        text,
    fence        integer not null,
    cancel       integer not null,
    progress     text,
    error        text,
    -- Of the open jobs with the same key there is one.
    unique_key   text,
    created_at   integer not null,
    finished_at  integer
) strict;
create index jobs_due on jobs (kind, due_at, id) where state in ('waiting', 'running');
create unique index jobs__unique_key on jobs (unique_key) where state in ('waiting', 'running');
create index jobs_by_subject on jobs (subject, id) where subject <> '';
create index jobs_finished on jobs (finished_at) where finished_at is not null;
