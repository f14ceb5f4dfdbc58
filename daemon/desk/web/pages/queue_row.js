/* One row of the queue: who waits, for how long by both clocks, who has it, and why it stands where it stands. */
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import * as time from "../lib/time.js";
import { Badge, Excerpt, Foreign, Since, useTicking } from "../lib/ui.js";
import { brief, firstSeen } from "../lib/text.js";
import { platformName } from "../lib/names.js";

const SHAPES = { ok: "clock", warn: "clock", overdue: "alarm", stopped: "stop" };
const TONES = { ok: "calm", warn: "warn", overdue: "bad", stopped: "bad" };

/* The state is of this instant, not of when the list was fetched. */
export function stateOf(e, at = time.now()) {
	const is = (when) => when !== null && time.ms(when) <= at;
	return is(e.stop_at) ? "stopped" : is(e.due_at) ? "overdue" : is(e.warn_at) ? "warn" : "ok";
}

export function State({ entry: e }) {
	useTicking();
	const state = stateOf(e), until = (at) => time.span(Math.abs(time.now() - time.ms(at)) / 1000);
	const words = state === "stopped" ? t("queue.stopped", { span: until(e.stop_at) }) : state === "overdue" ? t("queue.overdue", { span: until(e.due_at) })
		: e.due_at === null ? t("queue.no_date") : t("queue.due_in", { span: until(e.due_at) });
	return html`<${Badge} tone=${TONES[state]} icon=${SHAPES[state]} at=${e.due_at}>${words}<//>`;
}

/* Why it stands here: what kind of words, how many, since when. */
export function why(e) {
	const words = [t(`nature.${e.nature}`), t(`kind.${e.kind}`)];
	if (e.messages > 1) {
		words.push(t("queue.messages", { n: e.messages }));
	}
	if (e.snoozed_until !== null) {
		words.push(t("queue.sleeps", { at: time.clock(e.snoozed_until) }));
	}
	if (!e.can_reply) {
		words.push(t("queue.no_reply"));
	}
	return words.join(" · ");
}

export const nameOf = (e) => brief(firstSeen(e.customer.name, e.customer.handle, t("queue.somebody")), 80);

export function Row({ entry: e, isGone, isChosen, isSelected, onSelect, onFocus, isFirst, at, size, href, mine, isAnswered }) {
	useTicking();
	const office = e.office_s === undefined || e.office_s === null ? null : time.span(e.office_s);
	return html`<li class=${`row ${isChosen ? "chosen" : ""} ${isGone ? "gone" : ""} ${isSelected ? "selected" : ""} state-${stateOf(e)}`} aria-setsize=${size} aria-posinset=${at + 1}>
		<label class="row-check"><input type="checkbox" checked=${isSelected} tabindex="-1" onClick=${(click) => onSelect(e.id, click.shiftKey)} aria-label=${t("queue.select", { who: nameOf(e) })} /></label>
		<a class="row-link" href=${href} data-id=${e.id} tabindex=${isFirst ? "0" : "-1"} aria-current=${isChosen ? "true" : null} onFocus=${() => onFocus(e.id)}>
			<span class="row-who"><span class="row-name cut"><${Foreign} text=${nameOf(e)} /></span><span class="row-place">${platformName(e.platform)} · <${Foreign} text=${e.account} /></span></span>
			<span class="row-words"><span class="row-excerpt cut"><${Excerpt} text=${e.excerpt ?? ""} n=${200} /></span>
				<span class="row-why">${isGone ? t("queue.gone") : isAnswered ? t("queue.answered") : why(e)}${e.tags.map((tag) => html` <span class="row-tag"><${Foreign} text=${tag} /></span>`)}</span></span>
			<span class="row-state"><${State} entry=${e} /></span>
			<span class="row-clocks"><span><span class="unseen">${t("queue.waits")} </span><${Since} at=${e.waiting_since} /></span>
				${office !== null && html`<span class="row-office" title=${t("queue.office_title")}>${t("queue.office", { span: office })}</span>`}</span>
			<span class="row-holder">${e.assignee === null ? html`<span class="row-free">${t("queue.free")}</span>` : html`<${Foreign} text=${e.assignee === mine ? t("queue.me") : e.assignee} />`}</span>
		</a></li>`;
}
