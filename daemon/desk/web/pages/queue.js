/* The queue: who waits, oldest first. */
import { html, useEffect, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import * as api from "../lib/api.js";
import { useEvents } from "../lib/events.js";
import { Button, Empty, Excerpt, Foreign, Since, toastRefusal } from "../lib/ui.js";

export function Queue({ chosen, isAlone }) {
	const [page, setPage] = useState(null);
	async function load(after = null) {
		try {
			const got = await api.get("queue", { clocks: true, after });
			setPage((before) => ({ items: after ? [...before.items, ...got.items] : got.items, next: got.next, listening: got.listening }));
		} catch (e) {
			toastRefusal(e);
		}
	}
	useEffect(() => { load(); }, []);
	useEvents("queue", () => load());
	const Section = isAlone ? "main" : "section";
	return html`<${Section} class="queue" aria-label=${t("queue.title")}>
		<div class="queue-head"><h1>${t("queue.title")}</h1></div>
		<div class="queue-list">
			${page && page.items.length === 0 && html`<${Empty} title=${t("queue.empty")} />`}
			${page && page.items.map((e) => html`<a key=${e.id} class="entry" href=${`/conversation/${e.id}`} aria-current=${chosen === e.id ? "true" : null}>
				<strong><${Foreign} text=${e.customer.name ?? e.customer.handle} /></strong> · ${e.platform} · <${Since} at=${e.waiting_since} /><br /><${Excerpt} text=${e.excerpt} /></a>`)}
			${page && page.next && html`<${Button} onClick=${() => load(page.next)}>${t("queue.more")}<//>`}
		</div><//>`;
}
