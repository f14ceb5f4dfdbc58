/* What became of our replies: on the way, unknown, refused; and where nobody but a person can know, a task with two buttons. What was sent
 * stands in the thread. */
import { html } from "../../lib/html.js";
import { t } from "../../lib/i18n.js";
import { perform } from "../../lib/act.js";
import { may, session } from "../../lib/session.js";
import { linkTo } from "../../lib/text.js";
import { Badge, Button, Icon, Since, Told, Words, askWords, confirm, toast, useSecondsUntil } from "../../lib/ui.js";
import * as time from "../../lib/time.js";

const act = (reply, path, body, reload, done) => perform(`replies/${reply.id}/${path}`, body, reload, () => toast(t(done), { tone: "good" }));

export function undo(reply, reload) {
	return act(reply, "undo", {}, reload, "talk.undone");
}

function Countdown({ at }) {
	return t("talk.leaves_in", { n: useSecondsUntil(time.ms(at)) });
}

function isHeld(r) {
	return r.state === "queued" && r.can_undo && r.not_before !== null && time.ms(r.not_before) > time.now();
}

const TONES = { queued: "calm", posting: "calm", unknown: "warn", reconciling: "warn", needs_human: "bad", failed_visible: "bad", draft: "calm" };

function State({ r }) {
	if (r.waits_for_approval) {
		return html`<${Badge} tone="warn" icon="person">${t("talk.state_approval")}<//>`;
	}
	if (isHeld(r)) {
		return html`<${Badge} icon="clock"><${Countdown} at=${r.not_before} /><//>`;
	}
	return html`<${Badge} tone=${TONES[r.state]} icon=${TONES[r.state] === "calm" ? "clock" : "alarm"}>${t(`talk.state_${r.state}`)}<//>`;
}

/* Nobody but a person can know. */
function Task({ r, c, reload }) {
	const there = linkTo(c.permalink);
	async function isThere() {
		const link = await askWords({ title: t("talk.is_there"), text: t("talk.is_there_words"), label: t("talk.link"), ok: t("talk.is_there_do") });
		link !== null && await act(r, "replied", { link }, reload, "talk.is_sent");
	}
	async function isNot() {
		if (await confirm({ title: t("talk.is_not"), text: t("talk.is_not_words"), ok: t("talk.is_not_do"), kind: "danger" })) {
			await act(r, "not-there", {}, reload, "talk.goes_again");
		}
	}
	return html`<div class="task"><p><strong>${t("talk.task")}</strong> ${t("talk.task_words")}</p>${r.reason && html`<p class="hint"><${Told} text=${r.reason} parts=${r.reason_parts} /></p>`}
		${there && html`<p><a href=${there.href} target="_blank" rel="noopener noreferrer nofollow"><${Icon} name="link" /> ${t("talk.look_there")}</a></p>`}
		<div class="task-buttons"><${Button} kind="primary" icon="check" onClick=${isThere}>${t("talk.is_there")}<//><${Button} icon="close" onClick=${isNot}>${t("talk.is_not")}<//></div></div>`;
}

function Approve({ r, reload }) {
	async function back() {
		const words = await askWords({ title: t("talk.return"), label: t("talk.return_why"), ok: t("talk.return_do") });
		words !== null && await act(r, "approve", { no: true, note: words }, reload, "talk.returned");
	}
	return html`<div class="task-buttons"><${Button} kind="primary" icon="check" onClick=${() => act(r, "approve", {}, reload, "talk.approved")}>${t("talk.approve")}<//><${Button} onClick=${back}>${t("talk.return")}<//></div>`;
}

function Reply({ r, c, reload }) {
	const me = session.get().me?.login, isMine = r.author === me, canAct = may("agent");
	return html`<li class=${`reply ${r.state}`} data-reply=${r.id}><div class="reply-head"><${State} r=${r} /><span>${t("talk.reply_by", { name: r.author })}</span>${r.parts > 1 && html`<span class="hint">${t("talk.part_of", { part: r.part, parts: r.parts })}</span>`}
			<span class="hint"><${Since} at=${r.state_since} /></span></div>
		<${Words} text=${r.text} />
		${r.state === "needs_human" && canAct && r.part >= 1 ? html`<${Task} r=${r} c=${c} reload=${reload} />` : r.reason && !r.waits_for_approval && html`<p class="hint"><${Told} text=${r.reason} parts=${r.reason_parts} /></p>`}
		${r.waits_for_approval && canAct && !isMine && html`<${Approve} r=${r} reload=${reload} />`}
		${r.can_undo && canAct && (isMine || may("lead")) && html`<${Button} hint=${isMine ? "z" : null} onClick=${() => undo(r, reload)}>${t("talk.take_back")}<//>`}
		${r.state === "failed_visible" && canAct && html`<${Button} onClick=${() => act(r, "retry", {}, reload, "talk.goes_again")}>${t("talk.retry")}<//>`}</li>`;
}

/* What has not come to its end; what failed, as long as somebody waits. */
export function openReplies(c) {
	return c.replies.filter((r) => r.state === "draft" ? r.waits_for_approval : r.state === "failed_visible" ? c.waiting_since !== null && r.queued_at >= c.waiting_since
		: r.state !== "sent" || !c.thread.some((m) => m.id === r.external_id));
}

/* The caller's own, newest, that can still be taken back. */
export function undoable(c) {
	const me = session.get().me?.login;
	return [...c.replies].reverse().find((r) => r.can_undo && r.author === me) ?? null;
}

export function Replies({ c, reload }) {
	const me = session.get().me?.login, open = openReplies(c);
	const drafts = c.replies.filter((r) => r.state === "draft" && !r.waits_for_approval && r.part === 1 && r.author !== me);
	return html`${open.length > 0 && html`<section class="replies" aria-label=${t("talk.replies")}><ul>${open.map((r) => html`<${Reply} key=${r.id} r=${r} c=${c} reload=${reload} />`)}</ul></section>`}
		${drafts.map((r) => html`<p key=${r.id} class="hint drafts"><${Icon} name="person" /> ${t("talk.has_draft", { name: r.author })} <${Since} at=${r.state_since} /></p>`)}`;
}
