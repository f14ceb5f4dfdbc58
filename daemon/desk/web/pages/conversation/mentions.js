/* In the frame: notes that name the caller and that they have not read. */
import { html, useEffect, useRef, useState } from "../../lib/html.js";
import { t } from "../../lib/i18n.js";
import { said } from "../../lib/said.js";
import * as api from "../../lib/api.js";
import { useEvents } from "../../lib/events.js";
import { useKeys } from "../../lib/keys.js";
import { go } from "../../lib/router.js";
import { firstSeen } from "../../lib/text.js";
import { Excerpt, Menu } from "../../lib/ui.js";

const SOON_MS = 1500;

export function Mentions() {
	const [mine, setMine] = useState({ items: [], unseen: 0 }), timer = useRef(null);
	const load = () => {
		timer.current = null;
		return api.get("notes/mine", { open: true, limit: 10 }).then(setMine, () => {}); /* a hint */
	};
	const soon = () => { timer.current ??= setTimeout(load, SOON_MS); };
	useEffect(() => {
		load();
		addEventListener("answerd-notes", load);
		return () => {
			clearTimeout(timer.current);
			removeEventListener("answerd-notes", load);
		};
	}, []);
	useEvents("conversation", soon);
	const open = (n) => go(`/conversation/${n.conversation}`);
	useKeys([{ keys: "g m", name: "talk.mentions_open", group: "keys.everywhere", when: () => mine.unseen > 0, run: () => open(mine.items[0]) }]);
	return mine.unseen === 0 ? null : html`<${Menu} label=${t("talk.mentions", { n: mine.unseen })} align="right" kind="quiet mentions"
		items=${mine.items.map((n) => ({ label: html`<strong><${Excerpt} text=${firstSeen(n.name, n.by, t("talk.somebody"))} n=${40} /></strong>: <${Excerpt} text=${n.text_parts ? said(n.text_parts) : n.text} n=${80} />`, run: () => open(n) }))}><span aria-hidden="true">@${mine.unseen}</span><span class="unseen">${t("talk.mentions", { n: mine.unseen })}</span><//>`;
}
