/* What one does with conversations from the list: each act is one call of the API with a key, shown at once, and can be undone where the
 * desk can undo it. With several it is done one by one; nobody is ever answered from here. */
import * as api from "./api.js";
import { t } from "./i18n.js";
import { session } from "./session.js";
import { askWords, toast, toastRefusal } from "./ui.js";
import { again, drop, patch } from "./waiting.js";

const c = (id, what) => `conversations/${encodeURIComponent(id)}/${what}`;

/* One after the other, four at once; says how many were done. → the ids that were. */
async function each(ids, does, done) {
	const left = [...ids], good = [], bad = [];
	async function run() {
		for (let id = left.shift(); id !== undefined; id = left.shift()) {
			try {
				await does(id);
				good.push(id);
			} catch (e) {
				bad.push(e);
			}
		}
	}
	await Promise.all([run(), run(), run(), run()]);
	if (bad.length > 0) {
		toastRefusal(bad[0]);
	}
	if (good.length > 0) {
		done(good);
	}
	again();
	return good;
}

export function take(ids) {
	return each(ids, (id) => api.post(c(id, "claim")), (good) => {
		good.forEach((id) => patch(id, { assignee: session.get().me.login }));
		toast(t("acts.taken", { n: good.length }), { tone: "good", undo: { label: t("acts.undo"), run: () => give(good, null) } });
	});
}

/* who: a login; null: back to everybody. */
export function give(ids, who) {
	return each(ids, (id) => api.post(c(id, "give"), { who }), (good) => {
		good.forEach((id) => patch(id, { assignee: who }));
		toast(who === null ? t("acts.given_back", { n: good.length }) : t("acts.given", { n: good.length, who }), { tone: "good" });
	});
}

export function snooze(ids, how) {
	return each(ids, (id) => api.post(c(id, "snooze"), { for: how }), (good) => {
		good.forEach(drop);
		toast(t("acts.snoozed", { n: good.length }), { tone: "good", undo: { label: t("acts.undo"), run: () => each(good, (id) => api.post(c(id, "snooze"), { for: "0" }), () => {}) } });
	});
}

export function dismiss(ids, reason) {
	return each(ids, (id) => api.post(c(id, "dismiss"), { reason }), (good) => {
		good.forEach(drop);
		toast(t("acts.dismissed", { n: good.length }), { tone: "good" });
	});
}

export function tag(ids, name) {
	return each(ids, (id) => api.post(c(id, "tags"), { add: name }), (good) => toast(t("acts.tagged", { n: good.length, tag: name }), { tone: "good",
		undo: { label: t("acts.undo"), run: () => each(good, (id) => api.post(c(id, "tags"), { remove: name }), () => {}) } }));
}

/* ---- the same, asking for what they need; → null when it was called off ---- */

export async function askSnooze(ids) {
	const how = await askWords({ title: t("acts.snooze_title", { n: ids.length }), text: t("acts.snooze_text"), label: t("acts.snooze_label"), ok: t("acts.snooze"), value: "", max: 20,
		choices: ["1h", "2h", "4h", "1d", "3d"].map((v) => ({ value: v, label: t(`acts.for_${v}`) })) });
	return how === null ? null : snooze(ids, how);
}

export async function askDismiss(ids) {
	const reason = await askWords({ title: t("acts.dismiss_title", { n: ids.length }), text: t("acts.dismiss_text"), label: t("acts.reason"), ok: t("acts.dismiss"),
		choices: ["settled", "not_us", "spam"].map((v) => ({ value: v === "spam" ? "spam" : t(`acts.reason_${v}`), label: t(`acts.reason_${v}`) })) });
	return reason === null ? null : dismiss(ids, reason);
}

export async function askTag(ids) {
	const name = await askWords({ title: t("acts.tag_title", { n: ids.length }), label: t("acts.tag_label"), ok: t("acts.tag"), max: 60 });
	return name === null ? null : tag(ids, name);
}

export async function askGive(ids) {
	let staff = [];
	try {
		staff = (await api.get("staff")).items.filter((s) => s.disabled_at === null && s.role !== "auditor");
	} catch (e) {
		toastRefusal(e);
		return null;
	}
	const who = await askWords({ title: t("acts.give_title", { n: ids.length }), label: t("acts.give_label"), ok: t("acts.give"), max: 40,
		choices: [{ value: "\u0000", label: t("acts.give_nobody") }, ...staff.slice(0, 24).map((s) => ({ value: s.login, label: s.name || s.login }))] });
	return who === null ? null : give(ids, who === "\u0000" ? null : who);
}
