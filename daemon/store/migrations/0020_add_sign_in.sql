-- Staff sign in at the desk's page. Nothing here is readable but by the desk (rules/90_grants.sql); what is a key stands as its hash only.

-- What marks addresses and logins in tables and in the audit log, so that neither holds a name of a network or of a person.
create table answerd.desk_house (
	is_house bool primary key default true check (is_house),
	key      bytea not null default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
);
insert into answerd.desk_house default values;

create table answerd.staff_secret (
	staff_id     bigint primary key references answerd.staff,
	password     text,                           -- Argon2id, encoded with its salt and costs; null: none is set
	password_at  timestamptz,
	totp         text,                           -- 20 bytes in hex; null: no second factor
	totp_at      timestamptz,
	totp_step    bigint not null default 0,      -- the last step that was used: each one once
	totp_next    text,                           -- being set up, until a code of it was shown
	totp_next_at timestamptz
);

-- Ten at a time; used ones are gone.
create table answerd.staff_recovery (
	staff_id bigint not null references answerd.staff,
	hash     text not null,
	primary key (staff_id, hash)
);

-- One-time links: used ones are gone, a new one ends the older.
create table answerd.staff_link (
	hash     text primary key,
	staff_id bigint not null references answerd.staff,
	made_at  timestamptz not null,
	until    timestamptz not null
);
create index staff_link_staff on answerd.staff_link (staff_id);

create table answerd.staff_session (
	hash              text primary key,          -- SHA-256 of what the cookie holds
	staff_id          bigint not null references answerd.staff,
	auth              text not null check (auth in ('password', 'link', 'oidc')),
	made_at           timestamptz not null,
	seen_at           timestamptz not null,      -- to the minute
	fresh_at          timestamptz,               -- when the person last proved who they are
	must_set_password bool not null default false,
	address           text not null              -- a keyed mark
) with (fillfactor = 70);
create index staff_session_staff on answerd.staff_session (staff_id);
create index staff_session_age on answerd.staff_session (made_at);

-- Tries to sign in. One counts as a failure until it is known to be none.
create table answerd.sign_in_try (
	try_id  bigint generated always as identity primary key,
	at      timestamptz not null,
	login   text not null,                       -- keyed marks, both
	address text not null
);
create index sign_in_try_login on answerd.sign_in_try (login, at);
create index sign_in_try_address on answerd.sign_in_try (address, at);
create index sign_in_try_age on answerd.sign_in_try (at);

-- Where somebody signed in before: strangers' failures elsewhere do not shut them out there.
create table answerd.staff_address (
	staff_id bigint not null references answerd.staff,
	address  text not null,
	seen_at  timestamptz not null,
	primary key (staff_id, address)
);

create table answerd.staff_token (
	token_id   bigint generated always as identity primary key,
	hash       text not null unique,
	staff_id   bigint not null references answerd.staff,
	name       text not null,
	scope      text not null check (scope in ('read', 'act')),
	made_at    timestamptz not null,
	until      timestamptz not null,
	used_at    timestamptz,                      -- to the minute
	revoked_at timestamptz
) with (fillfactor = 70);
create index staff_token_staff on answerd.staff_token (staff_id, token_id);
