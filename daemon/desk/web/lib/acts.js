/* What one does with conversations from the list: each act is one call of the API with a key, shown at once, and can be undone where the
 * desk can undo it. With several it is one call, too, in which each has its own result; nobody is ever answered from here. */
import * as api from "./api.js";
import { colleagues } from "./act.js";
import { t } from "./i18n.js";
import { session } from "./session.js";
import { askWords, toast, toastRefusal } from "./ui.js";
import { again, drop, patch } from "./waiting.js";

const c = (id, what) => `conversations/${encodeURIComponent(id)}/${what}`;

const MOST = 200; /* of one call */

/* With one: path and body; with several: the act of the API for many. Says how many were done, and of the others how many and why.
 * → the ids that were. */
async function each(ids, { path, body = {}, many }, done) {
	const good = [], bad = [];
	try {
		if (ids.length === 1) {
			await api.post(c(ids[0], path), body);
			good.push(ids[0]);
		}
		for (let at = 0; ids.length > 1 && at < ids.length; at += MOST) {
			for (const one of (await api.post("conversations/bulk", { ids: ids.slice(at, at + MOST), ...many })).items) {
				(one.is_done ? good : bad).push(one.is_done ? one.id : one);
			}
		}
	} catch (e) {
		toastRefusal(e);
	}
	if (bad.length > 0) {
		toast(t("acts.refused", { n: bad.length, why: api.refusalOf(bad[0].status, bad[0]) }), { tone: "bad" });
	}
	if (good.length > 0) {
		done(good);
	}
	again();
	return good;
}

export function take(ids) {
	return each(ids, { path: "claim", many: { act: "take" } }, (good) => {
		good.forEach((id) => patch(id, { assignee: session.get().me.login }));
		toast(t("acts.taken", { n: good.length }), { tone: "good", undo: { label: t("acts.undo"), run: () => give(good, null) } });
	});
}

/* who: a login; null: back to everybody. */
export function give(ids, who) {
	return each(ids, { path: "give", body: { who }, many: { act: "give", who } }, (good) => {
		good.forEach((id) => patch(id, { assignee: who }));
		toast(who === null ? t("acts.given_back", { n: good.length }) : t("acts.given", { n: good.length, who }), { tone: "good" });
	});
}

export function snooze(ids, how) {
	return each(ids, { path: "snooze", body: { for: how }, many: { act: "snooze", for: how } }, (good) => {
		good.forEach(drop);
		toast(t("acts.snoozed", { n: good.length }), { tone: "good", undo: { label: t("acts.undo"), run: () => each(good, { path: "snooze", body: { for: "0" }, many: { act: "snooze", for: "0" } }, () => {}) } });
	});
}

export function dismiss(ids, reason) {
	return each(ids, { path: "dismiss", body: { reason }, many: { act: "dismiss", reason } }, (good) => {
		good.forEach(drop);
		toast(t("acts.dismissed", { n: good.length }), { tone: "good" });
	});
}

export function tag(ids, name) {
	return each(ids, { path: "tags", body: { add: name }, many: { act: "tag", tag: name } }, (good) => toast(t("acts.tagged", { n: good.length, tag: name }), { tone: "good",
		undo: { label: t("acts.undo"), run: () => each(good, { path: "tags", body: { remove: name }, many: { act: "untag", tag: name } }, () => {}) } }));
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
		staff = (await colleagues()).filter((s) => s.role !== "auditor");
	} catch (e) {
		toastRefusal(e);
		return null;
	}
	const who = await askWords({ title: t("acts.give_title", { n: ids.length }), label: t("acts.give_label"), ok: t("acts.give"), max: 40,
		choices: [{ value: "\u0000", label: t("acts.give_nobody") }, ...staff.slice(0, 24).map((s) => ({ value: s.login, label: s.name || s.login }))] });
	return who === null ? null : give(ids, who === "\u0000" ? null : who);
}
