-- What names people goes when nothing rests on it any more: plans that were replaced long ago, and records that somebody
-- settled.
grant delete on app.config_revision to controlplane_system;
create index cdr_quarantine_resolved on app.cdr_quarantine (resolved_at) where state <> 'open';

-- The record of a call may be shorter than the estimate that stood in for it. Nobody but the platform takes time back.
alter table app.usage_event drop constraint usage_event_quantity_check;
alter table app.usage_event add constraint usage_event_quantity_check
    check (quantity >= 0 or source = 'controlplane/switch');
