/* The box in which a person answers. It counts as the platform counts, says what can be done and why not, and sends nothing by itself. */
import { html, useLayoutEffect, useRef, useState } from "../../lib/html.js";
import { has, number, t } from "../../lib/i18n.js";
import * as api from "../../lib/api.js";
import { useKeys } from "../../lib/keys.js";
import { may } from "../../lib/session.js";
import { brief, linkTo } from "../../lib/text.js";
import { Button, Excerpt, Foreign, Icon, Time, confirm, useTicking } from "../../lib/ui.js";
import * as time from "../../lib/time.js";
import { nameOf } from "./state.js";
import { useDraft } from "./draft.js";
import { Seen } from "./thread.js";
import { snippet } from "./acts.js";

const SHORTLY_S = 2 * 3600;

function Count({ counting, measured, isEmpty }) {
	const limit = measured?.limit ?? counting?.limit ?? null, length = measured?.length ?? null;
	if (length === null || isEmpty) {
		return html`<span class="box-count" id="box-count"></span>`;
	}
	if (limit === null) {
		return html`<span class="box-count" id="box-count">${t("talk.count", { n: length })}</span>`;
	}
	const over = length - limit;
	return html`<span class=${`box-count ${over > 0 ? "over" : ""}`} id="box-count" title=${t(`talk.unit_${measured.unit}`)}>${over > 0 ? html`<${Icon} name="alarm" /> ` : ""}${t("talk.count_of", { n: length, limit: number(limit) })}
		${over > 0 && html` · ${t("talk.too_long", { n: over })}`}</span>`;
}

/* Why nothing can be answered from here; some reasons are the platform's own words. */
function whyNot(a) {
	return has(`talk.cannot_${a.why_code}`) ? t(`talk.cannot_${a.why_code}`) : a.why_not;
}

/* What the reply goes to, until when, and what is in its way. */
function Terms({ c }) {
	useTicking();
	const a = c.answering, left = a.until === null ? null : (time.ms(a.until) - time.now()) / 1000;
	return html`<div class="terms">
		${a.to !== null && html`<p class="terms-to">${t("talk.answers")} <${Excerpt} text=${a.to.excerpt} n=${64} /> <${Seen} by=${a.to.visibility} /></p>`}
		${a.why_not !== null && html`<p class="terms-not"><${Icon} name="alarm" /> <span><${Foreign} text=${whyNot(a)} />${a.may_queue && ` ${t("talk.queued_until")}`}</span></p>`}
		${a.can && left !== null && left > 0 && html`<p class=${left < SHORTLY_S ? "terms-soon" : "hint"}>${left < SHORTLY_S && html`<${Icon} name="clock" /> `}${t("talk.answer_until")} <${Time} at=${a.until} /> (${time.fromNow(a.until)})</p>`}
		${a.needs_approval && html`<p class="hint">${t("talk.needs_approval")}</p>`}
	</div>`;
}

function Others({ others }) {
	if (others.length === 0) {
		return null;
	}
	const typing = others.filter((o) => o.is_typing), names = (list) => list.map((o) => o.name).join(", ");
	return html`<p class=${`others ${typing.length > 0 ? "typing" : ""}`} role="status"><${Icon} name="person" /> ${typing.length > 0 ? t("talk.others_type", { n: typing.length, who: names(typing) })
		: t("talk.others_here", { n: others.length, who: names(others) })}</p>`;
}

function Parts({ parts }) {
	return html`<details class="parts"><summary>${t("talk.parts_show", { n: parts.length })}</summary><ol>${parts.map((p, i) => html`<li key=${i}><span class="hint">${t("talk.count", { n: p.length })}</span><div class="words" dir="auto">${p.text}</div></li>`)}</ol></details>`;
}

/* What went wrong, with what can be done about it. */
function isFaster(e) {
	return e.code === "faster" || e.code === "answered_already";
}

function Trouble({ e, again }) {
	return html`<div class="box-trouble" role="alert"><${Icon} name="alarm" /><span><${Foreign} text=${e.message} /></span>${isFaster(e) && html`<${Button} onClick=${again}>${t("talk.send_also")}<//>`}</div>`;
}

function Box_({ c, reload, others, onTyping, onSent, box }) {
	const d = useDraft(c), a = c.answering;
	const [parts, setParts] = useState(false), [trouble, setTrouble] = useState(null), [isSending, setSending] = useState(false);
	const isAble = a.can || a.may_queue;
	/* What was sent and never answered: pressed again it is the same act, which is done once. */
	const unanswered = useRef(null);
	const isLong = d.measured !== null && !d.measured.fits, n = d.measured?.parts.length ?? 0;
	const isEmpty = d.words.trim() === "";

	/* As high as its words, up to what the style sheet allows. */
	useLayoutEffect(() => {
		box.current.style.height = "auto";
		box.current.style.height = `${box.current.scrollHeight + 2}px`;
	}, [d.words]);

	async function send(also = false) {
		if (isEmpty) {
			box.current.focus();
			return;
		}
		if (isSending) {
			return;
		}
		setSending(true);
		setTrouble(null);
		let sent = null;
		try {
			const path = await d.begin();
			const now = { path, key: api.newKey(), body: { text: d.words, version: d.version.current, parts: parts && isLong, also, undo: true } };
			const post = (one) => {
				unanswered.current = one;
				return api.post(one.path, one.body, { key: one.key });
			};
			const last = unanswered.current;
			try {
				sent = await post(last !== null && last.body.text === now.body.text && last.body.also === also ? last : now);
			} catch (e) {
				if (e.status !== 409 || isFaster(e) || !await d.isSame()) {
					throw e;
				}
				/* A tag, somebody's hands: nothing that would change one's words. */
				sent = await post({ ...now, key: api.newKey(), body: { ...now.body, version: d.version.current } });
			}
			unanswered.current = null;
		} catch (e) {
			if (e.status !== 0 && e.status !== 503) {
				unanswered.current = null;
			}
			setTrouble(e);
			reload();
		}
		d.end(sent !== null);
		setSending(false);
		if (sent !== null) {
			setParts(false);
			onSent(sent);
		} else {
			box.current?.focus();
		}
	}
	async function begin() {
		const words = await snippet(c);
		if (words !== null) {
			const at = box.current.selectionStart ?? d.words.length;
			d.write(d.words === "" ? words : `${d.words.slice(0, at)}${words}${d.words.slice(at)}`);
			setTimeout(() => box.current?.focus(), 0);
		}
	}
	async function drop() {
		if (await confirm({ title: t("talk.drop"), text: t("talk.drop_words"), ok: t("talk.drop_do"), kind: "danger" })) {
			d.write("");
			setTrouble(null);
		}
	}
	useKeys([
		{ keys: "r", name: "talk.reply", run: () => box.current.focus() },
		{ keys: ["Ctrl+enter"], name: "talk.send", typing: true, when: () => document.activeElement === box.current, run: () => send() },
		{ keys: "i", name: "talk.snippets", when: () => isAble, run: begin },
		{ keys: null, name: "talk.drop", when: () => !isEmpty, run: drop },
		{ keys: "Escape", name: "talk.leave_box", hidden: true, typing: true, when: () => document.activeElement === box.current, run: () => box.current.blur() },
	]);
	const label = t(a.to?.visibility === "private" ? "talk.reply_private" : "talk.reply_to", { who: brief(nameOf(c.customer), 40) });
	return html`<form class="box" aria-label=${label} onSubmit=${(e) => { e.preventDefault(); send(); }}>
		<${Others} others=${others} />
		${d.isStale && html`<div class="box-news" role="alert"><${Icon} name="alarm" /><span>${t("talk.changed")}</span><${Button} onClick=${() => { d.seen(); setTrouble(null); }}>${t("talk.have_seen")}<//></div>`}
		<${Terms} c=${c} />
		${isAble ? html`<textarea ref=${box} class="box-words" dir="auto" rows="3" aria-label=${label} aria-describedby="box-count" placeholder=${label} value=${d.words}
				onInput=${(e) => { d.write(e.target.value); onTyping(e.target.value.trim() !== ""); }}></textarea>
			${trouble !== null && html`<${Trouble} e=${trouble} again=${() => send(true)} />`}
			${isLong && n > 1 && html`<div class="box-parts"><label class="check"><input type="checkbox" checked=${parts} onChange=${(e) => setParts(e.target.checked)} /> ${t("talk.parts", { n })}</label><${Parts} parts=${d.measured.parts} /></div>`}
			${isLong && n === 0 && d.measured.why_not && html`<p class="error">${d.measured.why_not.replace(/ *Shorten it.*$/, "")}</p>`}
			<div class="box-foot"><${Count} counting=${c.counting} measured=${d.measured} isEmpty=${isEmpty} />
				<span class="hint">${a.signature && t("talk.signed", { name: a.signature })}${!isEmpty && ` ${t(`talk.draft_${d.is}`)}`}</span>
				<span class="box-buttons"><${Button} kind="quiet" hint="i" onClick=${begin}>${t("talk.snippets")}<//>
				<${Button} kind="primary" type="submit" hint="Ctrl+Enter" disabled=${isEmpty || isSending || (isLong && !parts)} why=${isLong ? t("talk.too_long_why") : null}>${a.needs_approval ? t("talk.hand_in")
					: parts && isLong ? t("talk.send_parts", { n }) : t("talk.send")}<//></span></div>`
		: html`<textarea ref=${box} class="unseen" tabindex="-1" aria-hidden="true" readonly></textarea>
			${linkTo(c.permalink) && html`<p><a href=${linkTo(c.permalink).href} target="_blank" rel="noopener noreferrer nofollow">${t("talk.open_there")}</a></p>`}`}
	</form>`;
}

/* Auditors read. */
export function Box(props) {
	return may("agent") ? html`<${Box_} ...${props} />` : html`<p class="box hint">${t("talk.only_reads")}</p>`;
}
