/* Platforms as people write them; proper names are no words to translate. */
const NAMES = { x: "X", rss: "RSS", wordpress: "WordPress", youtube: "YouTube", hackernews: "Hacker News", "google-business": "Google Business", "google-play": "Google Play", linkedin: "LinkedIn", mail: "E-mail", tiktok: "TikTok", whatsapp: "WhatsApp" };

export function platformName(name) {
	return NAMES[name] ?? String(name).replace(/(^|-)(\w)/g, (all, dash, letter) => (dash === "" ? "" : " ") + letter.toUpperCase());
}
