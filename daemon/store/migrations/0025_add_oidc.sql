-- Sign-in services (OpenID Connect). The desk makes a sign-in and waits; the worker, who has the network and the client's secret, asks the
-- service and writes down what it said. No token is stored.

-- What a service says of itself: written by the worker, read by the desk when somebody presses its button.
create table answerd.oidc_provider (
	name      text primary key,                  -- as the configuration has it
	issuer    text not null,
	authorize text,                              -- where browsers are sent; null: never reached
	reason    text,                              -- why it cannot be used; null: it can
	asked_at  timestamptz not null
);

-- One sign-in on its way; ten minutes, once.
create table answerd.oidc_flow (
	flow_id   bigint generated always as identity primary key,
	state     text not null unique,              -- SHA-256 of what the service gives back
	browser   text not null,                     -- SHA-256 of the cookie of the browser that began it
	provider  text not null,
	issuer    text not null,
	nonce     text not null,
	verifier  text not null,                     -- of PKCE; wiped when it was used
	redirect  text not null,
	place     text not null,                     -- where on the page they were: a path
	is_again  bool not null,                     -- the service is to ask for a proof now
	address   text not null,                     -- a keyed mark
	made_at   timestamptz not null,
	step      text not null default 'begun' check (step in ('begun', 'back', 'asked', 'judged')),
	code      text,                              -- what the browser brought; wiped when it was used
	said_iss  text,                              -- who answered, where the answer says it
	back_at   timestamptz,
	failure   text,                              -- a word of rules/57_oidc.sql; null: the rest is true
	detail    text,                              -- for the log and the audit log
	subject   text,
	claim     text,
	full_name text,
	proved_at timestamptz                        -- when the person proved to the service who they are
);
create index oidc_flow_back on answerd.oidc_flow (back_at) where step = 'back';
create index oidc_flow_age on answerd.oidc_flow (made_at);
create index oidc_flow_address on answerd.oidc_flow (address, made_at);

-- Which account of a service is whose: known from the first sign-in on, and never changed by what the service calls it later.
create table answerd.staff_oidc (
	account  text primary key,                   -- a keyed mark of issuer and subject
	staff_id bigint not null references answerd.staff,
	issuer   text not null,
	made_at  timestamptz not null,
	unique (staff_id, issuer)
);

-- By which a service names them. Beside the staff, which analysts read.
create table answerd.staff_email (
	staff_id bigint primary key references answerd.staff,
	email    text not null unique                -- in small letters
);
