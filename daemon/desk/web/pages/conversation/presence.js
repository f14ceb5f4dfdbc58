/* Who else is at this conversation. The page says that it is there, and when somebody types; colleagues see it. A courtesy: what
 * decides is the conversation's version. */
import { useCallback, useEffect, useRef, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { useEvents } from "../../lib/events.js";
import { may, session } from "../../lib/session.js";

const SAY_MS = 20_000, TYPING_MS = 4000, HERE_MS = 45_000, TYPES_MS = 8000;

/* → { others, typing(isTyping) } */
export function usePresence(id, shown) {
	const [others, setOthers] = useState([]), last = useRef({ typing: false, at: 0 });
	const say = useCallback(async (body) => {
		if (!may("agent")) {
			return;
		}
		try {
			const said = await api.post(`conversations/${id}/presence`, body);
			body.gone || setOthers(said.others.map((o) => ({ ...o, at: Date.now() })));
		} catch { /* a courtesy */ }
	}, [id]);
	useEffect(() => {
		const here = () => document.visibilityState === "visible" && say({ typing: Date.now() - last.current.at < TYPING_MS && last.current.typing });
		here();
		const every = setInterval(here, SAY_MS);
		const forget = setInterval(() => setOthers((all) => {
			const now = Date.now(), left = all.filter((o) => now - o.at < HERE_MS).map((o) => o.is_typing && now - o.at >= TYPES_MS ? { ...o, is_typing: false } : o);
			return left.length === all.length && left.every((o, i) => o === all[i]) ? all : left;
		}), 2000);
		document.addEventListener("visibilitychange", here);
		return () => {
			clearInterval(every);
			clearInterval(forget);
			document.removeEventListener("visibilitychange", here);
			say({ gone: true });
		};
	}, [say]);
	useEffect(() => {
		shown && setOthers(shown.map((o) => ({ ...o, at: Date.now() })));
	}, [shown]);
	useEvents("presence", (what) => {
		if (what.conversation === id && what.login !== session.get().me?.login) {
			setOthers((all) => [...all.filter((o) => o.login !== what.login), ...what.is_gone ? [] : [{ ...what, at: Date.now() }]]);
		}
	});
	/* At the first key, now and then, and when the box is empty again. */
	function typing(isTyping) {
		const now = Date.now();
		if (isTyping !== last.current.typing || (isTyping && now - last.current.at > TYPING_MS)) {
			last.current = { typing: isTyping, at: now };
			say({ typing: isTyping });
		}
	}
	return { others, typing };
}
