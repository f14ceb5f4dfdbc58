/* One conversation: what was said, the person behind it, and the box in which a person answers. */
import { html, useEffect, useRef } from "../../lib/html.js";
import { has, t } from "../../lib/i18n.js";
import * as api from "../../lib/api.js";
import { useKeys } from "../../lib/keys.js";
import { go, withQuery } from "../../lib/router.js";
import { may, session } from "../../lib/session.js";
import { platformName } from "../../lib/names.js";
import { brief, firstSeen, linkTo } from "../../lib/text.js";
import { Badge, Button, Empty, Excerpt, Foreign, Icon, Menu, Since, Time, toast, useTicking } from "../../lib/ui.js";
import * as time from "../../lib/time.js";
import { bringBack, leaveOut } from "../../lib/waiting.js";
import * as acts from "./acts.js";
import { Box } from "./box.js";
import { goNext } from "./next.js";
import { Notes, Person } from "./person.js";
import { usePresence } from "./presence.js";
import { Replies, undo, undoable } from "./replies.js";
import { endOf, nameOf, useConversation } from "./state.js";
import { Thread } from "./thread.js";

const STATES = { ok: ["calm", "clock"], warn: ["warn", "clock"], overdue: ["bad", "alarm"], stopped: ["bad", "stop"] };

/* Both clocks, and what falls due. */
function Clocks({ c }) {
	useTicking();
	if (c.waiting_since === null) {
		return html`<p class="clocks"><${Badge} tone="good" icon="check">${t("talk.nobody_waits")}<//> <span class="hint">${t(`talk.ended_${endOf(c)}`)}</span></p>`;
	}
	const [tone, icon] = STATES[c.state] ?? STATES.ok, due = time.ms(c.due_at);
	return html`<p class="clocks"><${Badge} tone=${tone} icon=${icon}>${t(`talk.state_wait_${c.state}`)}<//> <strong>${t("talk.waits_for")} <${Since} at=${c.waiting_since} /></strong>
		<span class="hint">${t("talk.office", { span: time.span(c.waiting_office_s) })}</span>
		${due !== null && html`<span class="hint">${due < time.now() ? t("talk.was_due") : t("talk.due")} <${Time} at=${c.due_at} /> (${time.fromNow(c.due_at)})</span>`}
		${c.messages > 1 && html`<span class="hint">${t("talk.n_waiting", { n: c.messages })}</span>`}</p>`;
}

function Hands({ c, me }) {
	return html`<p class="hands">${c.assignee === null ? html`<span class="hint">${t("talk.nobodys")}</span>`
		: html`<${Badge} tone=${c.assignee === me ? "good" : "warn"} icon="person">${c.assignee === me ? t("talk.yours") : t("talk.with", { name: c.assignee_name })}<//> <span class="hint">${t("talk.until_when")} <${Time} at=${c.assigned_until} /></span>`}
		${c.snoozed_until !== null && html` <${Badge} icon="moon">${t("talk.sleeps")} <${Time} at=${c.snoozed_until} /><//>`}</p>`;
}

function Tags({ c, reload }) {
	return html`<ul class="tags" aria-label=${t("talk.tags")}><li><${Badge}>${t(`talk.nature_${c.nature}`)}<//></li>${c.tags.map((word) => html`<li key=${word}><span class="badge"><${Icon} name="tag" /><${Foreign} text=${word} />
		${may("agent") && html`<button type="button" class="tag-off" aria-label=${t("talk.untag", { tag: word })} title=${t("talk.untag", { tag: word })} onClick=${() => acts.untag(c, reload, word)}><${Icon} name="close" /></button>`}</span></li>`)}</ul>`;
}

/* What was done with it, by whom. */
function Acts({ c }) {
	return c.acts.length === 0 ? null : html`<details class="talk-done"><summary>${t("talk.acts", { n: c.acts.length })}</summary><ul>${c.acts.map((a, i) => html`<li key=${i}><${Time} at=${a.at} /> <${Foreign} text=${firstSeen(a.name, t("talk.somebody"))} />: ${has(`talk.act_${a.act}`) ? t(`talk.act_${a.act}`) : a.act}${a.to && html` → <${Foreign} text=${a.to} />`}</li>`)}</ul></details>`;
}

function Conversation({ c, person, reload }) {
	const me = session.get().me?.login, isAgent = may("agent"), isMine = c.assignee === me;
	const box = useRef(null), { others, typing } = usePresence(c.id, c.others);
	const there = linkTo(c.permalink ?? c.thread.at(-1)?.permalink);
	const who = brief(nameOf(c.customer), 60);

	function onSent(sent) {
		const until = sent.not_before === null ? 0 : (time.ms(sent.not_before) - time.now()) / 1000;
		leaveOut(c.id);
		toast(sent.waits_for_approval ? t("talk.handed_in") : until > 0 ? t("talk.sent_in", { who }) : t("talk.sent", { who }), { tone: "good", seconds: until, undo: sent.can_undo
			? { label: t("talk.take_back"), until: until > 0 ? time.ms(sent.not_before) : null, run: async () => {
				if (await undo(sent, reload)) {
					bringBack(c.id);
					go(withQuery({}, `/conversation/${c.id}`));
				}
			} } : null });
		reload();
		goNext(c.id);
	}
	/* What only a person can settle is in sight. */
	useEffect(() => {
		document.querySelector(".reply.needs_human, .reply.failed_visible")?.scrollIntoView({ block: "end" });
	}, [c.id]);
	/* Notes here that name the caller are read. */
	useEffect(() => {
		if (isAgent && c.notes.some((n) => n.mentions.includes(me))) {
			api.post(`conversations/${c.id}/notes/seen`).then(() => dispatchEvent(new Event("answerd-notes")), () => {});
		}
	}, [c.id, c.notes.length]);

	const list = [
		{ keys: "t", name: isMine ? "talk.let_go_do" : "talk.take", run: () => isMine ? acts.letGo(c, reload) : acts.take(c, reload) },
		{ keys: "a", name: "talk.give", run: () => acts.give(c, reload) },
		{ keys: "s", name: c.snoozed_until === null ? "talk.snooze" : "talk.wake", when: () => c.waiting_since !== null, run: () => acts.snooze(c, reload) },
		{ keys: "d", name: "talk.dismiss", when: () => c.waiting_since !== null, run: () => acts.dismiss(c, reload) },
		{ keys: null, name: "talk.undismiss", when: () => c.waiting_since === null && c.thread.some((m) => m.settled !== null), run: () => acts.undismiss(c, reload) },
		{ keys: "n", name: "talk.note", run: () => acts.note(c, reload) },
		{ keys: "l", name: "talk.tag", run: () => acts.tag(c, reload) },
		{ keys: "c", name: "talk.nature", run: () => acts.nature(c, reload) },
		{ keys: "m", name: "talk.merge", run: () => acts.merge(c, reload, person) },
		{ keys: "z", name: "talk.take_back", when: () => undoable(c) !== null, run: () => undo(undoable(c), reload) },
	];
	const looks = [
		{ keys: "w", name: "talk.why", run: () => acts.explain(c) },
		{ keys: "o", name: "talk.open_there", when: () => there !== null, run: () => open(there.href, "_blank", "noopener,noreferrer") },
		{ keys: "p", name: "talk.person", run: () => document.getElementById("person")?.focus() },
		{ keys: "g n", name: "talk.next", run: () => goNext(c.id) },
	];
	useKeys([...isAgent ? list : [], ...looks].map((one) => ({ group: "talk.keys", ...one })));
	const can = (one) => !one.when || one.when();
	const items = [...isAgent ? list : [], null, ...looks].map((one) => one === null ? null : { label: t(one.name), hint: one.keys, disabled: !can(one), run: one.run });
	return html`<div class="talk">
		<section class="talk-main" aria-label=${t("talk.with_whom", { who })}>
			<header class="talk-head"><div class="talk-title"><a class="talk-back button quiet" href=${withQuery({}, "/")} aria-label=${t("talk.back")} title=${t("talk.back")}><${Icon} name="left" /></a>
					<h1><${Excerpt} text=${nameOf(c.customer)} n=${80} /></h1><span class="hint">${platformName(c.platform)} · <${Foreign} text=${c.account} /></span>
					${there && html`<a class="button quiet" href=${there.href} target="_blank" rel="noopener noreferrer nofollow" aria-label=${t("talk.open_there")} title=${t("talk.open_there")}><${Icon} name="link" /></a>`}
					<${Button} kind="quiet" class="talk-next" hint="g n" onClick=${() => goNext(c.id)}>${t("talk.next_short")}<//></div>
				<div class="talk-facts"><${Clocks} c=${c} /><${Hands} c=${c} me=${me} /><${Tags} c=${c} reload=${reload} /></div>
				<div class="talk-acts" role="toolbar" aria-label=${t("talk.acts_title")}>${isAgent && html`<${Button} hint="t" onClick=${list[0].run}>${t(list[0].name)}<//>
					<${Button} class="rarer" hint="a" onClick=${list[1].run}>${t("talk.give_short")}<//>
					<${Button} class="rarer" hint="s" disabled=${!can(list[2])} onClick=${list[2].run}>${t(c.snoozed_until === null ? "talk.snooze_short" : "talk.wake")}<//>
					${can(list[4]) ? html`<${Button} onClick=${list[4].run}>${t("talk.undismiss")}<//>` : html`<${Button} hint="d" disabled=${!can(list[3])} onClick=${list[3].run}>${t("talk.dismiss_short")}<//>`}
					<${Button} class="rarer" hint="n" onClick=${list[5].run}>${t("talk.note_short")}<//>`}
					<${Menu} label=${t("talk.more")} icon="more" align="right" items=${items} />
					</div></header>
			<div class="talk-scroll" tabindex="0" role="region" aria-label=${t("talk.thread")}><${Thread} c=${c} /><${Notes} notes=${c.notes} /><${Acts} c=${c} /><${Replies} c=${c} reload=${reload} /></div>
			<${Box} c=${c} reload=${reload} others=${others} onTyping=${typing} onSent=${onSent} box=${box} />
		</section>
		<${Person} c=${c} person=${person} /></div>`;
}

export default function Page({ params }) {
	const { c, person, error, reload } = useConversation(params.id);
	/* It was merged: its address is that of the one it became. */
	useEffect(() => {
		if (c !== null && c.id !== params.id) {
			go(withQuery({}, `/conversation/${c.id}`), { replace: true });
		}
	}, [c?.id, params.id]);
	if (error !== null) {
		return html`<${Empty} title=${error.status === 404 ? t("talk.not_there") : t("talk.failed")}>${error.status !== 404 && html`<p><${Foreign} text=${error.message} /></p>`}<${Button} onClick=${reload}>${t("app.once_more")}<//> <a class="button" href=${withQuery({}, "/")}>${t("nav.queue")}</a><//>`;
	}
	return c === null ? html`<p class="loading" role="status">${t("app.loading")}</p>` : html`<${Conversation} key=${c.id} c=${c} person=${person} reload=${reload} />`;
}
