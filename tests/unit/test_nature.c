/* Protects the natures that policies go by: what people really write, in seven languages. */
#include <stdio.h>

#include "answerd/log.h"
#include "daemon/base/nature.h"
#include "tests/cm.h"

static const struct {
	const char *language, *body;
	enum nature want;
} rows[] = {
	{ "en", "Where is my parcel?", NATURE_QUESTION },
	{ "en", "@shop where is my parcel", NATURE_QUESTION },
	{ "en", "hi, can you tell me your opening hours", NATURE_QUESTION },
	{ "en", "Hello! I would like to book a table for two", NATURE_QUESTION },
	{ "en", "do you ship to Norway", NATURE_QUESTION },
	{ "en", "Any update on order 4711", NATURE_QUESTION },
	{ "en", "My card was charged and the app says pending", NATURE_QUESTION },
	{ "en", "order 4711", NATURE_QUESTION },
	{ "en", "thanks, and when do you open tomorrow?", NATURE_QUESTION },
	{ "en", "This bread is great, which flour is it?", NATURE_QUESTION },
	{ "en", "@shop still late!", NATURE_COMPLAINT },
	{ "en", "The toaster I bought last week doesn’t work", NATURE_COMPLAINT },
	{ "en", "Worst service ever. Never again.", NATURE_COMPLAINT },
	{ "en", "THIS IS UNACCEPTABLE", NATURE_COMPLAINT },
	{ "en", "I want my money back!!!", NATURE_COMPLAINT },
	{ "en", "been on hold for an hour, nobody answers", NATURE_COMPLAINT },
	{ "en", "Your support was not very helpful", NATURE_COMPLAINT },
	{ "en", "thanks but it still does not work", NATURE_COMPLAINT },
	{ "en", "I never received my order", NATURE_COMPLAINT },
	{ "en", "so disappointed with you guys", NATURE_COMPLAINT },
	{ "en", "I love your bread", NATURE_PRAISE },
	{ "en", "What a lovely shop!", NATURE_PRAISE },
	{ "en", "Best coffee in town ☕", NATURE_PRAISE },
	{ "en", "just visited #acme, excellent team", NATURE_PRAISE },
	{ "en", "Well done, the new site is beautiful", NATURE_PRAISE },
	{ "en", "thanks!", NATURE_THANKS },
	{ "en", "@shop Thank you so much 🙏", NATURE_THANKS },
	{ "en", "Great, thanks for the quick reply", NATURE_THANKS },
	{ "en", "ok thx", NATURE_THANKS },
	{ "en", "Perfect, thank you all!", NATURE_THANKS },
	{ "en", "", NATURE_NEUTRAL },
	{ "en", "@shop", NATURE_NEUTRAL },
	{ "en", "😀😀👍🏽", NATURE_NEUTRAL },
	{ "en", "https://x.example/why?is=this", NATURE_NEUTRAL },
	{ "en", "Good morning!", NATURE_NEUTRAL },
	{ "en", "hello @shop 👋", NATURE_NEUTRAL },
	{ "en", "???", NATURE_QUESTION },
	{ "de", "Wann habt ihr geöffnet", NATURE_QUESTION },
	{ "de", "Guten Tag, ich hätte gern einen Termin am Freitag", NATURE_QUESTION },
	{ "de", "GIBT ES DAS AUCH IN GRÜN", NATURE_QUESTION },
	{ "de", "Meine Bestellung 4711", NATURE_QUESTION },
	{ "de", "Paket ist immer noch nicht da", NATURE_COMPLAINT },
	{ "de", "Eure App funktioniert nicht!", NATURE_COMPLAINT },
	{ "de", "Frechheit, zwei Stunden in der Warteschleife", NATURE_COMPLAINT },
	{ "de", "Das war leider gar nicht gut", NATURE_COMPLAINT },
	{ "de", "Eure Brötchen sind wunderbar", NATURE_PRAISE },
	{ "de", "Wie schön!", NATURE_PRAISE },
	{ "de", "Vielen Dank für die schnelle Antwort", NATURE_THANKS },
	{ "de", "Danke! 😊", NATURE_THANKS },
	{ "de", "Guten Morgen", NATURE_NEUTRAL },
	{ "fr", "Bonjour, avez-vous reçu mon colis", NATURE_QUESTION },
	{ "fr", "Où est ma commande ?", NATURE_QUESTION },
	{ "fr", "Toujours rien reçu, c'est honteux", NATURE_COMPLAINT },
	{ "fr", "Votre site ne marche pas", NATURE_COMPLAINT },
	{ "fr", "J'adore cette boulangerie", NATURE_PRAISE },
	{ "fr", "Merci beaucoup pour votre aide", NATURE_THANKS },
	{ "fr", "Bonjour", NATURE_NEUTRAL },
	{ "es", "¿Dónde está mi pedido", NATURE_QUESTION },
	{ "es", "Necesito cambiar mi cita", NATURE_QUESTION },
	{ "es", "Nadie contesta el teléfono", NATURE_COMPLAINT },
	{ "es", "Pésimo servicio", NATURE_COMPLAINT },
	{ "es", "Qué rico todo", NATURE_PRAISE },
	{ "es", "Muchas gracias por todo", NATURE_THANKS },
	{ "es", "¡Buenos días!", NATURE_NEUTRAL },
	{ "it", "Quando arriva il mio pacco", NATURE_QUESTION },
	{ "it", "Vorrei prenotare un tavolo", NATURE_QUESTION },
	{ "it", "Il mio ordine non è arrivato", NATURE_COMPLAINT },
	{ "it", "Siete bravissimi", NATURE_PRAISE },
	{ "it", "Grazie mille", NATURE_THANKS },
	{ "it", "Buongiorno", NATURE_NEUTRAL },
	{ "pt", "Vocês têm entrega no domingo", NATURE_QUESTION },
	{ "pt", "Ainda não recebi o meu pedido", NATURE_COMPLAINT },
	{ "pt", "Adorei o atendimento", NATURE_PRAISE },
	{ "pt", "Muito obrigada pela ajuda", NATURE_THANKS },
	{ "pt", "Bom dia", NATURE_NEUTRAL },
	{ "nl", "Hoe laat gaan jullie open", NATURE_QUESTION },
	{ "nl", "Ik wacht al drie weken op mijn pakket", NATURE_COMPLAINT },
	{ "nl", "De app werkt niet", NATURE_COMPLAINT },
	{ "nl", "Heerlijk gegeten bij jullie", NATURE_PRAISE },
	{ "nl", "Bedankt voor de snelle reactie", NATURE_THANKS },
	{ "nl", "Goedemorgen", NATURE_NEUTRAL },
	{ "", "Das Paket ist kaputt angekommen und niemand antwortet", NATURE_COMPLAINT },
	{ "", "Dank je wel!", NATURE_THANKS },
	{ "en", "Danke für die Hilfe", NATURE_THANKS },
	{ "en-GB", "Cheers!", NATURE_THANKS },
	{ "ja", "荷物はどこですか", NATURE_QUESTION },
	{ "tlh", "nuqneH", NATURE_QUESTION },
	{ "en", "[image]", NATURE_QUESTION },
};

static void test_what_people_write(void **state)
{
	struct nature_rules *r = nature_load(NULL, NULL);
	int n_wrong = 0;

	(void)state;
	assert_non_null(r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum nature seen = nature_of(r, text_of(rows[i].body), text_of(rows[i].language));

		if (seen != rows[i].want) {
			print_error("[%s] '%s': %s, want %s\n", rows[i].language, rows[i].body,
				    nature_name(seen), nature_name(rows[i].want));
			n_wrong++;
		}
	}
	assert_int_equal(n_wrong, 0);
	nature_destroy(&r);
	nature_destroy(&r);
}

static void test_own_lists_and_their_mistakes(void **state)
{
	static const struct {
		const char *content, *why; /* NULL: fine */
	} files[] = {
		{ "[xx]\nthanks: danki*\n", NULL },
		{ "# only remarks\n", NULL },
		{ "thanks: x\n", ":1: a list stands before" },
		{ "[en]\nthanx: x\n", ":2: unknown key" },
		{ "[en\n", ":1: a section is" },
		{ "[en]\njust words\n", ":2: a list is" },
	};
	char path[] = "/tmp/nature-test-XXXXXX";
	int fd = mkstemp(path);
	struct err err = { 0 };

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *f = fopen(path, "wb");
		struct nature_rules *r;

		assert_non_null(f);
		assert_true(fputs(files[i].content, f) >= 0 && fclose(f) == 0);
		r = nature_load(path, &err);
		assert_int_equal(r != NULL, files[i].why == NULL);
		if (r == NULL) {
			assert_int_equal(err.kind, ERR_CONFIG);
			assert_non_null(strstr(err.text, files[i].why));
		} else if (i == 0) {
			assert_int_equal(nature_of(r, TEXT("Danko!"), TEXT("xx-YY")),
					 NATURE_QUESTION);
			assert_int_equal(nature_of(r, TEXT("Dankito!"), TEXT("xx-YY")),
					 NATURE_THANKS);
		}
		nature_destroy(&r);
	}
	(void)remove(path);
	assert_null(nature_load("/nonexistent/nature.words", &err));
}

static void test_hostile_text_is_bounded(void **state)
{
	struct nature_rules *r = nature_load(NULL, NULL);
	char *big = xcalloc(1, 65536);

	(void)state;
	for (int c = 0; c < 256; c++) {
		memset(big, c, 65536);
		(void)nature_of(r, (struct text){ big, 65536 }, TEXT("en"));
		(void)nature_of(r, (struct text){ big, (size_t)c }, TEXT_NONE);
	}
	free(big);
	nature_destroy(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_people_write),
		cmocka_unit_test(test_own_lists_and_their_mistakes),
		cmocka_unit_test(test_hostile_text_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
