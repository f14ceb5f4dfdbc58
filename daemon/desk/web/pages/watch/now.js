/* What needs somebody now: alerts that stand, and replies that did not come to their end, with what to do about each. */
import { html } from "../../lib/html.js";
import { t } from "../../lib/i18n.js";
import { useKeys } from "../../lib/keys.js";
import * as api from "../../lib/api.js";
import { perform } from "../../lib/act.js";
import { may } from "../../lib/session.js";
import { Badge, Banner, Button, Empty, Foreign, Icon, Since, Time, Told, askWords, confirm, toast } from "../../lib/ui.js";
import { linkTo } from "../../lib/text.js";
import { Loaded } from "../reports/parts.js";
import { useLive } from "./live.js";

const act = (path, body, words, again) => perform(path, body, again, () => toast(words, { tone: "good" }));

/* ---- alerts ---- */

const STEP_TONES = { warn: "warn", due: "bad", lead: "bad", stop: "bad" };

/* By what a telling is held back: the desk's "quiet hours", "silence 7". */
function keptBy(why) {
	const silence = /^silence (\d+)/.exec(why ?? "");
	return why === "quiet hours" ? t("watch.quiet_hours") : silence ? t("watch.silence", { id: silence[1] }) : why ?? "";
}

function ToldTo({ channels }) {
	return html`<p class="hint">${channels.length === 0 ? t("watch.told_nobody") : channels.map((c, i) => html`${i > 0 ? "; " : ""}<span>${c.told_at !== null
		? html`${t("watch.told", { channel: c.channel })} <${Time} at=${c.told_at} />` : c.kept_until !== null ? html`${t("watch.kept", { channel: c.channel, why: keptBy(c.kept_by) })} <${Time} at=${c.kept_until} />`
			: c.failure !== null && c.failure !== undefined ? t("watch.not_told", { channel: c.channel, why: c.failure, n: c.attempts }) : t("watch.will_tell", { channel: c.channel })}</span>`)}</p>`;
}

function Alert({ of: a, acked }) {
	return html`<li class="card" data-alert=${a.id}><div class="card-head">
			<${Badge} tone=${a.state === "open" ? STEP_TONES[a.step] ?? "bad" : "calm"} icon=${a.state === "open" ? "alarm" : "check"}>${t(`watch.event_${a.event}`)}${a.step && ` · ${t(`watch.step_${a.step}`)}`}<//>
			<${Foreign} text=${[a.brand, a.account, a.source].filter(Boolean).join(" · ")} /><span class="card-when"><${Since} at=${a.since ?? a.at} /></span></div>
		<p><${Told} text=${a.text} parts=${a.text_parts} /></p><${ToldTo} channels=${a.channels} />
		<div class="card-acts">${a.conversation !== null && html`<a class="button plain" href=${`/conversation/${a.conversation}`}>${t("watch.open_conversation")}</a>`}
			${a.state === "open" ? html`<${Button} kind="primary" hint="a" disabled=${!may("agent")} why=${t("watch.may_not")} onClick=${() => acked(a)}>${t("watch.ack")}<//>`
				: html`<span class="hint">${t("watch.acked", { who: a.acked_by ?? "" })} <${Time} at=${a.acked_at} /></span>`}</div></li>`;
}

function Alerts() {
	const of = useLive("alert", (signal) => api.get("alerts", { limit: 200 }, { signal }));
	const ack = (a) => act(`alerts/${a.id}/ack`, {}, t("watch.ack_done"), of.again);
	const open = (of.data?.items ?? []).filter((a) => a.state === "open");
	/* The one where the focus is, else the newest. */
	useKeys([{ keys: "a", name: "watch.ack_key", when: () => open.length > 0 && may("agent"), run: () => ack(open.find((a) => a.id === document.activeElement?.closest?.("[data-alert]")?.dataset.alert) ?? open[0]) }]);
	return html`<section aria-labelledby="watch-alerts"><h2 id="watch-alerts">${t("watch.alerts")}</h2><${Loaded} of=${of}>${(data) => html`${data.trouble && html`<${Banner} tone="bad"><${Told} text=${data.trouble} parts=${data.trouble_parts} /><//>`}
		${data.items.length === 0 ? html`<${Empty} title=${t("watch.no_alerts")} />` : html`<ul class="cards">${[...open, ...data.items.filter((a) => a.state !== "open")].map((a) => html`<${Alert} key=${a.id} of=${a} acked=${ack} />`)}</ul>`}
		${data.next && html`<p class="hint">${t("watch.more_alerts")}</p>`}`}<//></section>`;
}

/* ---- replies ---- */

const REPLY_TONES = { needs_human: "bad", failed_visible: "bad", unknown: "warn", reconciling: "warn" };

function Reply({ of: r, again }) {
	const can = may("agent"), at = `replies/${r.id}`;
	async function isThere() {
		const link = await askWords({ title: t("watch.is_there"), text: t("watch.is_there_words"), label: t("watch.link"), ok: t("watch.is_there") });
		if (link !== null) {
			if (linkTo(link) === null) {
				toast(t("watch.link_wrong"), { tone: "bad" });
			} else {
				await act(`${at}/replied`, { link }, t("watch.is_there_done"), again);
			}
		}
	}
	async function isNotThere() {
		if (await confirm({ title: t("watch.not_there"), text: t("watch.not_there_words"), ok: t("watch.not_there"), kind: "danger" })) {
			await act(`${at}/not-there`, {}, t("watch.not_there_done"), again);
		}
	}
	const acts = r.state === "needs_human" ? html`<${Button} kind="primary" disabled=${!can} why=${t("watch.may_not")} onClick=${isThere}>${t("watch.is_there")}<//>
			<${Button} disabled=${!can} why=${t("watch.may_not")} onClick=${isNotThere}>${t("watch.not_there")}<//>`
		: r.state === "failed_visible" || r.state === "queued" ? html`<${Button} disabled=${!can} why=${t("watch.may_not")} onClick=${() => act(`${at}/retry`, {}, t("watch.retry_done"), again)}>${t("watch.retry")}<//>` : null;
	return html`<li class="card"><div class="card-head"><${Badge} tone=${REPLY_TONES[r.state] ?? "calm"} icon=${REPLY_TONES[r.state] ? "alarm" : "clock"}>${t(`watch.reply_${r.state}`)}<//>
			<${Foreign} text=${[r.account, r.author].filter(Boolean).join(" · ")} /><span class="card-when"><${Since} at=${r.state_since} /></span></div>
		<p><${Foreign} text=${r.text} /></p>${r.reason && html`<p class="card-why"><${Icon} name="alarm" /> <${Told} text=${r.reason} parts=${r.reason_parts} /></p>`}<p class="hint">${t(`watch.do_${r.waits_for_approval ? "approve" : r.state}`)}</p>
		<div class="card-acts"><a class="button plain" href=${`/conversation/${r.conversation}`}>${t("watch.open_conversation")}</a>${acts}</div></li>`;
}

function Replies() {
	const of = useLive("reply", (signal) => api.get("replies", { open: true, limit: 200 }, { signal }));
	const weight = (r) => ["needs_human", "failed_visible", "unknown", "reconciling", "posting", "queued", "draft"].indexOf(r.state);
	return html`<section aria-labelledby="watch-replies"><h2 id="watch-replies">${t("watch.replies")}</h2><${Loaded} of=${of}>${(data) => {
		/* Words that nobody has sent yet are their author's. */
		const items = data.items.filter((r) => r.state !== "draft" || r.waits_for_approval);
		return html`${data.panic && html`<${Banner} tone="bad">${t("watch.panic")}<//>`}
		${items.length === 0 ? html`<${Empty} title=${t("watch.no_replies")} />`
			: html`<ul class="cards">${items.sort((a, b) => weight(a) - weight(b)).map((r) => html`<${Reply} key=${r.id} of=${r} again=${of.again} />`)}</ul>`}`;
	}}<//></section>`;
}

export function Now() {
	return html`<div class="watch-now"><${Alerts} /><${Replies} /></div>`;
}
