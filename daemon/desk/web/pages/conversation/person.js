/* The person behind the words: where they are, what was between them and us, what colleagues know. */
import { html } from "../../lib/html.js";
import { t } from "../../lib/i18n.js";
import { Badge, Excerpt, Foreign, Since, Time, Words } from "../../lib/ui.js";
import { firstSeen } from "../../lib/text.js";
import { platformName } from "../../lib/names.js";
import { withQuery } from "../../lib/router.js";
import { said } from "../../lib/said.js";
import { nameOf } from "./state.js";

export function Notes({ notes }) {
	return notes.length === 0 ? null : html`<ul class="notes">${notes.map((n) => html`<li key=${n.id} class="note"><p class="note-head"><strong><${Foreign} text=${firstSeen(n.name, n.by, t("talk.somebody"))} /></strong> <span class="hint"><${Time} at=${n.at} /></span>
		${n.mentions.map((login) => html` <${Badge} key=${login} icon="person">${login}<//>`)}</p><${Words} text=${n.text_parts ? said(n.text_parts) : n.text} /></li>`)}</ul>`;
}

function Fact({ label, children }) {
	return html`<div><dt>${label}</dt><dd>${children}</dd></div>`;
}

export function Person({ c, person }) {
	const who = person ?? c.customer;
	const others = (person?.conversations ?? []).filter((o) => o.id !== c.id);
	const elsewhere = person?.notes.filter((n) => n.conversation !== c.id) ?? [];
	return html`<aside class="talk-person" id="person" tabindex="-1" aria-label=${t("talk.person")}>
		<h2><${Excerpt} text=${nameOf(who)} n=${80} /></h2>
		<ul class="identities">${(person?.identities ?? [{ id: c.customer.id, handle: c.customer.handle, platforms: [c.platform] }]).map((i) => html`<li key=${i.id}>${i.platforms.map((p) => html`<${Badge} key=${p}>${platformName(p)}<//> `)}
			${i.handle && html`<${Excerpt} text=${`@${i.handle}`} n=${60} />`}</li>`)}</ul>
		${person && html`<dl class="facts">
			<${Fact} label=${t("talk.known_since")}><${Time} at=${person.first_at ?? person.first_seen_at} /><//>
			<${Fact} label=${t("talk.between_us")}>${["conversations", "messages", "answers"].map((name) => t(`talk.n_${name}`, { n: person.counts[name] })).join(" · ")}<//>
			<${Fact} label=${t("talk.last_answer")}>${person.answered_at === null ? t("talk.never") : html`<${Time} at=${person.answered_at} />`}<//>
			${person.stage && html`<${Fact} label=${t("talk.stage")}><${Foreign} text=${person.stage} /><//>`}
			${person.tags.length > 0 && html`<${Fact} label=${t("talk.tags")}>${person.tags.map((tag) => html`<${Badge} key=${tag} icon="tag"><${Foreign} text=${tag} /><//> `)}<//>`}
			<${Fact} label=${t("talk.promises")}>${person.promises.length === 0 ? t("talk.no_promises") : person.promises.map((p) => html`<p key=${p.id}><${Foreign} text=${p.text} /></p>`)}<//></dl>
			${others.length > 0 && html`<h3>${t("talk.other_conversations")}</h3><ul class="others-list">${others.slice(0, 8).map((o) => html`<li key=${o.id}><a href=${withQuery({}, `/conversation/${o.id}`)}>${o.excerpt ? html`<${Excerpt} text=${o.excerpt} n=${70} />` : t("talk.number", { id: o.id })}</a>
				<span class="hint">${platformName(o.platform)} · ${o.waiting_since === null ? t("talk.nobody_waits") : html`${t("talk.waits_for")} <${Since} at=${o.waiting_since} />`}</span></li>`)}</ul>`}
			${elsewhere.length > 0 && html`<h3>${t("talk.notes_elsewhere")}</h3><${Notes} notes=${elsewhere.slice(0, 6)} />`}
			${person.timeline.length > 0 && html`<details><summary>${t("talk.last_words")}</summary><ul class="timeline">${person.timeline.map((m) => html`<li key=${m.id}><span class="hint"><${Time} at=${m.at} /> · ${m.direction === "outbound" ? t("talk.we") : t("talk.they")}</span> <${Excerpt} text=${m.text} n=${120} /></li>`)}</ul></details>`}`}
	</aside>`;
}
