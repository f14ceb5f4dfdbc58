-- Sessions are renewed by one worker at a time, and let in by a person (`answerd connect`).
alter table answerd.credential
	alter column sealed drop not null,             -- null: somebody is making the first one
	add column seq bigint not null default 1,      -- raised with every session that is stored
	add column claim bigint not null default 0,    -- raised by whoever begins to renew it
	add column claimed_at timestamptz,             -- since when it is being renewed; null: it is not
	add column unsure_at timestamptz,              -- the platform may have renewed it, and we have not got the answer
	add column token_until timestamptz,            -- when a person must let us in again, where that is known
	add column connected_at timestamptz;           -- when a person let us in
