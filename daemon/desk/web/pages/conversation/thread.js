/* What was said, as the customer sees it: who, to whom, when; what waits and what was answered by whom; what was changed or taken away. */
import { html, useEffect, useRef } from "../../lib/html.js";
import { has, t } from "../../lib/i18n.js";
import { said } from "../../lib/said.js";
import { brief, languageOf, linkTo } from "../../lib/text.js";
import { Badge, Excerpt, Foreign, Icon, Time, Words } from "../../lib/ui.js";
import * as time from "../../lib/time.js";
import { nameOf, treeOf } from "./state.js";

const whyOf = (m) => said(m.why_parts);

function Standing({ m }) {
	if (m.deleted_at !== null) {
		return html`<${Badge} icon="close" title=${whyOf(m)}>${t("talk.deleted", { at: time.clock(m.deleted_at) })}<//>`;
	}
	if (m.role === "answer" || m.role === "ours") {
		return null;
	}
	if (m.waits) {
		return html`<${Badge} tone="warn" icon="clock" title=${whyOf(m)}>${t("talk.waits")}<//>`;
	}
	if (m.settled !== null) {
		return html`<${Badge} icon="check" title=${whyOf(m)}>${t(m.settled === "spam" ? "talk.spam" : "talk.dismissed")}<//>`;
	}
	if (m.role === "customer" && m.answered_by !== null) {
		return html`<${Badge} tone="good" icon="check" title=${whyOf(m)}>${t("talk.answered")}<//>`;
	}
	if (m.kind === "other") {
		return html`<${Badge} title=${whyOf(m)}>${t("talk.reaction")}<//>`;
	}
	if (m.role === "context") {
		return html`<${Badge} title=${whyOf(m)}>${t("talk.context")}<//>`;
	}
	return m.role === "other" && m.is_to_us ? html`<${Badge} title=${whyOf(m)}>${t("talk.other_customer")}<//>`
		: !m.is_to_us && !m.is_about ? html`<${Badge} title=${whyOf(m)}>${t("talk.overheard")}<//>` : null;
}

/* Who of us it was. */
function Ours({ m }) {
	const words = m.is_automatic ? t("talk.by_program") : m.staff?.name ? t("talk.by_staff", { name: m.staff.name }) : m.kind === "post" ? t("talk.our_post") : t("talk.by_native");
	return html`<span class="message-by"><bdi>${words}</bdi></span>`;
}

/* A private message must never be taken for a public one. */
export function Seen({ by }) {
	return by === "public" || by === null || by === undefined ? null
		: html`<${Badge} icon=${by === "private" ? "person" : null}>${t(has(`talk.seen_${by}`) ? `talk.seen_${by}` : "talk.seen_private")}<//>`;
}

function Said({ m }) {
	if (m.deleted_at !== null) {
		return html`<p class="message-gone">${t("talk.words_gone")}</p>`;
	}
	const words = m.text === "" ? html`<p class="message-gone">${t("talk.no_words")}</p>` : html`<div lang=${languageOf(m.language)}><${Words} text=${m.text} /></div>`;
	return m.warning === null || m.warning === "" ? words
		: html`<details class="notice"><summary><${Icon} name="alarm" /> ${t("talk.notice")} <${Foreign} text=${brief(m.warning, 200)} /></summary>${words}</details>`;
}

function Before({ m }) {
	if (m.edited_at === null && m.revisions.length === 0) {
		return null;
	}
	const label = m.edited_at === null ? t("talk.edited") : t("talk.edited_at", { at: time.clock(m.edited_at) });
	return m.revisions.length === 0 ? html`<p class="message-edited">${label}</p>`
		: html`<details class="message-edited"><summary>${label}: ${t("talk.before", { n: m.revisions.length })}</summary>
			${m.revisions.map((r) => html`<div class="revision" key=${r.replaced_at}><p class="hint">${t("talk.until")} <${Time} at=${r.replaced_at} /></p>${r.warning && html`<p><${Foreign} text=${r.warning} /></p>`}<${Words} text=${r.text} /></div>`)}</details>`;
}

function To({ to }) {
	return to === null ? null : html`<p class="message-to">${to === "unknown" ? t("talk.to_unknown") : html`${t("talk.to")} <strong><${Excerpt} text=${nameOf(to.author)} n=${60} /></strong>: <${Excerpt} text=${to.text} n=${60} />`}</p>`;
}

function Message({ m, level, to }) {
	const isOurs = m.role === "answer" || m.role === "ours";
	const link = linkTo(m.permalink);
	const label = t("talk.message_of", { who: brief(nameOf(m.author), 60), at: time.clock(m.at) });
	return html`<li class=${`message ${m.role} level-${level} ${m.waits ? "waits" : ""}`} data-id=${m.id}><article aria-label=${label}>
		<header><strong class="message-who"><${Excerpt} text=${nameOf(m.author)} n=${80} /></strong>
			${m.author.handle && m.author.handle !== nameOf(m.author) && html`<span class="message-handle"><${Excerpt} text=${`@${m.author.handle}`} n=${60} /></span>`}
			${isOurs && html`<${Ours} m=${m} />`}
			<${Standing} m=${m} /><${Seen} by=${m.visibility} />
			${m.is_imported && html`<${Badge} title=${t("talk.imported_why")}>${t("talk.imported")}<//>`}
			<span class="message-at">${link ? html`<a href=${link.href} target="_blank" rel="noopener noreferrer nofollow" aria-label=${t("talk.open_message", { at: time.clock(m.at) })}><${Time} at=${m.at} /></a>` : html`<${Time} at=${m.at} />`}</span></header>
		<${To} to=${to} /><${Said} m=${m} /><${Before} m=${m} /></article></li>`;
}

/* Runs of others who talk among themselves are folded: they are context. */
function runsOf(tree) {
	const out = [];
	for (const one of tree) {
		const isQuiet = one.m.role === "other" && !one.m.is_to_us;
		if (isQuiet && out.at(-1)?.isQuiet) {
			out.at(-1).list.push(one);
		} else {
			out.push({ isQuiet, list: [one] });
		}
	}
	return out;
}

export function Thread({ c }) {
	const list = useRef(null);
	/* What waits is in sight at once; else what was said last. */
	useEffect(() => {
		const all = list.current.querySelectorAll(".message"), waits = list.current.querySelector(".message.waits");
		(waits ?? all[all.length - 1])?.scrollIntoView({ block: waits ? "center" : "end" });
	}, [c.id]);
	const draw = (one) => html`<${Message} key=${one.m.id} ...${one} />`;
	return html`<ol class="thread" ref=${list} aria-label=${t("talk.thread")}>
		${runsOf(treeOf(c.thread)).map((run) => run.isQuiet && run.list.length > 3
			? html`<li key=${`run ${run.list[0].m.id}`} class="message-run"><details><summary>${t("talk.others_talk", { n: run.list.length })}</summary><ol>${run.list.map(draw)}</ol></details></li>`
			: run.list.map(draw))}</ol>`;
}
