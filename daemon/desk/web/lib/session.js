/* Who is signed in. A session that ended in the middle of work is renewed over what stands there; what was asked for then goes on. */
import { cell } from "./cell.js";
import * as api from "./api.js";
import * as events from "./events.js";

/* { is: "unknown" | "out" | "in" | "lost" (was in: the sign-in form stands over the page), me } */
export const session = cell({ is: "unknown", me: null });
/* A question to be asked again for what matters: { resolve, reject } or null. */
export const again = cell(null);

let waiting = [];

api.hooks.csrf = () => session.get().me?.csrf ?? null;
api.hooks.isAway = () => events.stream.get().is === "away";
api.hooks.signIn = () => {
	const now = session.get();
	session.set({ is: now.is === "in" || now.is === "lost" ? "lost" : "out", me: now.me });
	events.stop();
	return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
};
api.hooks.again = () => new Promise((resolve, reject) => again.set({ resolve, reject }));

/* The desk said who we are. */
export function signedIn(me) {
	const before = session.get().me;
	if (before !== null && before.login !== me.login) {
		location.assign("/"); /* somebody else: nothing of the page before is theirs */
		return;
	}
	session.set({ is: "in", me });
	if (!me.must_set_up_totp && !me.must_set_password) {
		events.open();
	}
	const all = waiting;
	waiting = [];
	all.forEach((w) => w.resolve());
}

export async function look() {
	try {
		signedIn(await api.get("session", {}, { isBare: true }));
	} catch (e) {
		if (e.status !== 401) {
			throw e;
		}
		session.set({ is: "out", me: null });
	}
}

export async function signOut() {
	events.stop();
	try {
		await api.post("session/end", {}, { isBare: true });
	} finally {
		location.assign("/");
	}
}

api.hooks.look = look;

const RANKS = ["auditor", "agent", "lead", "admin"];

/* May they do what needs at least this role? The desk judges; the page only greys out. */
export function may(role) {
	return RANKS.indexOf(session.get().me?.role) >= RANKS.indexOf(role);
}
