"""The words of the lively day: Kettle & Crumb, a bakery with a coffee roaster and a small mail order, on the harbour.

A line is `MINUTES-AGO WHO KEY > PARENT [flags]: text`; KEY, PARENT and flags may be absent. Flags: direct, unlisted, a language
code, cw=WORD (content warning). `@K` stands for the bakery's own name on that platform, `\\n` for a new line."""

MASTODON_PEOPLE = """
kettle|kettleandcrumb|Kettle & Crumb
mill|tregarthen_mill|Tregarthen Mill
ann|annpascoe|Ann Pascoe|
ben|ben_odowd|Ben O'Dowd|tech.example
carla|carla_m|Carla Mendes|pt.example
dafydd|dafydd|Dafydd Rhys|toot.example
elif|elif_k|Elif Kaya|
fatima|fatima_z|فاطمة الزهراء|mastodon.example
greta|gretchen|Gretchen Vogel|norden.example
harsha|harsha|हर्षा जोशी|
imogen|imogen_t|Imogen T. 🌿|
jun|jun|佐藤 潤|jp.example
kofi|kofi_a|Kofi Asante|
lena|lena_h|Lena Hartmann|norden.example
marek|marek|Marek Wiśniewski|
noor|noor_reads|Noor|books.example
oksana|oksana|Оксана Мельник|ua.example
peter|p_hollins|Peter Hollins|
quentin|quentin_l|Quentin Lefèvre|piaf.example
rosa|rosa_g|Rosa García|
saoirse|saoirse|Saoirse|
tamsin|tamsin|Tamsin Hale|
umar|umar|Umar Siddiqui|
vik|vik|Vikram 🚲|
wilf|wilf_1947|Wilf Trembath|
xenia|xenia|Ξένια|
yael|yael_b|יעל ברק|il.example
zoe|zoe_z|Zoë Zwart|
alan|alan_g|Alan G.|
beth|bethanyroberts|Bethany Roberts|
colm|colm|Colm|
dora|dora|Dora the Baker's Cat|
eddy|eddy_v|Eddy Vermeulen|be.example
flo|flo_w|Florence Wright|
gwen|gwen|Gwen Nance|
hal|hal_9000ish|Hal|tech.example
"""

BLUESKY_PEOPLE = """
kettle|kettleandcrumb.example|Kettle & Crumb
ada|ada.lovesbread.example|Ada
bram|bram.test|Bram de Wit
chidi|chidi.test|Chidi Okafor
dee|deedee.test|Dee
ewan|ewan-m.test|Ewan Mackay
francesca|fra.test|Francesca Bruni
gus|gus.test|Gus
hana|hana.test|하나
idris|idris.test|Idris
joy|joyful.test|Joy Adeyemi 🌻
kat|kat.test|Kat
leo|leo.test|Léo Martin
maya|maya.test|Maya
nils|nils.test|Nils Åkesson
ola|ola.test|Ola
pip|pip.test|Pip
rami|rami.test|رامي
sue|sue.test|Sue Penrose
tom|tomtom.test|Tom
una|una.test|Úna
vera|vera.test|Вера
will|will.test|Will Angove
yuki|yuki.test|ゆき
zane|zane.test|Zane
"""

MASTODON_DAY = r"""
1432 kettle morning: Good morning from the harbour. Saffron buns are out of the oven, the rye is resting, and the first pot of Lantern Roast is on. Doors open at seven. ☕
1425 wilf > morning: @K Save me two buns, I am walking slow today.
1418 kettle wilfok: @wilf_1947 Two buns with your name on the bag, Wilf. Mind the wet steps. – Morwenna
1411 tamsin tam1: @K Do you still do the gluten-free almond loaf, and does it keep for a three-day drive?
1396 kettle tam2 > tam1: @tamsin We do, Tuesdays and Saturdays. Wrapped it keeps four days; do not put it in the fridge. – Jago
1391 tamsin > tam2: @K Brilliant, thank you Jago!
1388 greta gr1 [de]: @K Moin! Verschickt ihr den Leuchtturm-Röster auch nach Deutschland? Und was kostet der Versand für 2 kg?
1361 kettle gr2 > gr1: @gretchen@norden.example Moin Gretchen! Yes, we post to Germany every Wednesday. 2 kg is £14.50, about five days. – Morwenna
1340 greta gr3 > gr2 [de]: @K Perfekt, dann bestelle ich heute Abend. Mahlt ihr auch für French Press?
1322 ben ben1: @K Order 4417. Says "delivered" since Thursday. It was not delivered. There is nobody called "Reception" in my flat.
1301 alan al1: @K THIRD time my standing order has come without the milk rolls. I pay for twelve. I get zero. Is anybody awake down there?
1290 flo > al1: @alan_g @K Mine was fine this week for what it is worth. Have you asked in the shop?
1283 alan al2 > al1: @K And don't tell me to "ask in the shop". I live forty miles away. I want an answer from a PERSON.
1270 carla [pt]: @K Bom dia! Vocês fazem bolo de aniversário sem lactose para vinte pessoas?
1244 beth be1: We are making a wedding list and somebody said @K do those little seeded lighthouse loaves. Is there a price per hundred?
1229 kettle be2 > be1: @bethanyroberts Congratulations! £95 the hundred, a fortnight's notice please. Shall I send you some pictures? – Morwenna
1221 beth be3 > be2: @K Oh yes please! It's for the 19th of next month, 130 people, two of them coeliac (separate ovens?)
1198 quentin qu1 [fr]: @K Bonjour, votre café « Lanterne » est-il torréfié la semaine même ? Mon dernier paquet portait une date d'il y a deux mois.
1177 noor: @K The cardamom knots. I have thought about them every day since Whitsun. That is all. That is the post.
1160 kettle ourday: Jago has been up since three shaping sourdough for the school fair. If you see him, be kind and speak slowly.
1151 imogen im1 > ourday: @K 😂 bless him. Is there a stall this year then?
1149 dora > ourday: He stepped on me twice.
1140 kettle im2 > im1: @imogen_t There is: by the swings, ten until we run out. – Morwenna
1133 gwen > im1: @imogen_t last year it was all gone by eleven, get there early
1130 imogen > im1: @gwen noted!! see you there?
1099 yael [he]: @K שלום! האם הלחם שלכם כשר? אנחנו מגיעים בחופש עם ארבעה ילדים 🙂
1080 kofi ko1: @K Quick one: is the card machine working again? Came by at lunch with no cash like a fool.
1066 kettle ko2 > ko1: @kofi_a It is, since two o'clock. Sorry you went away hungry, Kofi: the next pasty is on us. – Jago
1062 kofi > ko2: @K Ha, deal. Thank you!
1040 fatima fa1 [ar]: @K السلام عليكم، هل يمكنني طلب كعكة بدون بيض ليوم السبت؟ ابنتي لديها حساسية شديدة.
1012 zoe zo1: @K Your website swallows my postcode (TR11 3XX) and says "not a place". I promise it is a place, I am sitting in it.
990 hal > zo1: @zoe_z @K same here in Firefox, Chrome works. some script falls over on the space
985 zoe > zo1: @hal_9000ish oh nice find, works in Chrome!
930 peter pe1 [direct]: @K Good evening. I gave you the wrong card by mistake yesterday (order 4436). Could you please take it from the other one? I would rather not write the number here.
902 mill: @K Wheat for Thursday is loaded, 24 sacks, driver is Denzil.
875 oksana ok1 [uk]: @K Доброго вечора! Чи є у вас безглютеновий хліб по неділях? Дуже скучила за справжнім житнім.
840 saoirse sa1: @K I left a blue umbrella with a duck's head by the window on Friday. It was my gran's. Have you seen it? 🦆
836 gwen > sa1: @saoirse I saw one on the coat hooks by the till this morning! duck and all
700 umar um1: @K Do the pork pasties and the vegetable ones share a tray? Asking before I order forty for the mosque's charity walk.
640 jun [ja]: @K 先日いただいたサフランバンが忘れられません。日本への発送は可能でしょうか？
585 vik vi1: @K Who parks the blue van across the cycle lane outside yours every morning at eight? Please ask them not to. Someone will get hurt.
560 eddy ed1 [nl]: @K Goedemorgen! Kan ik zaterdag om 9u twaalf croissants afhalen? Naam: Vermeulen.
545 kettle ed2 > ed1: @eddy_v@be.example Goedemorgen Eddy! Twelve croissants, Saturday nine o'clock, paid at the till. – Jago
541 eddy > ed2 [nl]: @K Top, bedankt! 🥐
480 kettle news: New on the shelf: hedgerow jam from Gwen's garden. Thirty jars, and then there are none.
471 flo fl1 > news: @K Could you keep one jar back until Thursday? I get paid Wednesday 😅
468 colm > news: @gwen is this the one with the sloes??
466 gwen > news: @colm it is! and a little gin. a little.
455 dafydd > news: Bendigedig! Will there be more in October?
430 elif el1 [direct]: @K Hi, I am one of your Saturday staff's mums. Could somebody call me about Deniz's hours? She won't ask herself. 07700 900123
401 rosa ro1 [es]: @K Hola, ayer compré una tarta de limón y estaba cruda por dentro. ¿Me pueden devolver el dinero? Tengo foto.
371 marek ma1: @K Is the decaf Swiss water or the chemical sort? My doctor is particular. So am I.
340 xenia xe1 [el]: @K Καλημέρα! Κάνετε σεμινάρια για προζύμι; Θα ήθελα να μάθω.
311 harsha ha1: @K The link in your newsletter ("20 % off for friends") goes to an empty page. Is the offer over or the page broken?
286 lena le1: @K We ate at yours on Sunday. Our boy dropped his hot chocolate, and the young woman at the counter made a new one before he could cry. Please tell her thank you from us. ❤️
255 ben ben2 > ben1: @K Hello? It has been a day. Order 4417. Could somebody at least say that you have seen this?
231 alan al3 > al1 [cw=rant]: @K A whole day and NOTHING. I have told my sister, my sister's bell-ringers and now the whole internet. Cancel the standing order.
200 tamsin tam5: @K Me again! Can the almond loaf be sliced for the road?
171 umar um2 > um1: @K Any news? I have to tell the imam something by tonight 🙏
142 hal ha2: has anybody tried the new place by the station? heard it's good but I would feel like I cheated on Kettle & Crumb
121 saoirse sa2 > sa1: @K Gwen says that it may be on your hooks! Could somebody put it behind the counter till six?
96 wilf wi3: @K Your steps want salting. I nearly went over this morning, and I am not as bouncy as I was.
73 imogen im9: @K Booking a table for the harp evening: do you take dogs? Mine is very quiet and mostly asleep.
52 noor no2 [direct]: @K I think that I was charged twice yesterday: 2 × £11.40 at 15:12. Could you look, please?
38 colm co1: @K Is the kitchen still open? We are six, wet, and twenty minutes away. 🌧️
21 zoe zo9: @K Any chance of the poppy seed plait tomorrow? It is my dad's eightieth, and he asks for nothing else.
9 kofi ko9: @K Came for my free pasty. Jago kept his word. You are good people. 🥹
4 carla ca9 [pt]: @K Olá de novo! Ainda espero uma resposta sobre o bolo sem lactose 🎂
"""

BLUESKY_DAY = r"""
1415 kettle bmorning: Saffron buns, rye, and the first Lantern Roast of the day. Doors at seven, kettle always on.
1402 sue > bmorning: Lovely. Is the window table free? My knees say yes to sitting.
1395 kettle bsue: @sue.test Yours until ten, Sue. – Morwenna
1371 ada ada1: @K what hydration is your country sourdough? mine came out like a discus 🥏
1350 kettle ada2 > ada1: @ada.lovesbread.example 74 %, and a cold night in the fridge. A discus usually means it went in too young. – Jago
1344 ada ada3 > ada2: too young! of course. how do you tell when it is ready though? finger poke?
1312 nils nils1: @K Hej! My order 4402 came with a broken jar of marmalade all over the coffee. Photo on request. It looks like a crime.
1281 kettle nils2 > nils1: @nils.test Oh no! A new box leaves today, Nils, marmalade wrapped twice. Keep the sticky one for toast. – Morwenna
1270 nils > nils2: Thank you, that was quick! 🙏
1215 francesca [it]: @K Buongiorno! Il tavolo per otto di venerdì sera è confermato? Non ho ricevuto nessuna mail.
1180 chidi ch1: @K is there step-free access from the quay side? Coming with my mother's wheelchair on Sunday.
1131 pip pip1: @K bought the "mystery loaf", it is delicious, and I have no idea what is in it. should I worry about nuts
1104 kettle pip2 > pip1: @pip.test Walnuts! Stop if you are allergic, Pip, and please tell me that you are all right. – Jago
1100 pip > pip2: all right!! not allergic, just nosy. thanks jago 😄
1010 leo leo1 [fr]: @K Bonjour, j'ai oublié mon écharpe rouge hier après-midi. L'avez-vous trouvée ?
962 zane za1: @K 45 minutes for two flat whites and then you forgot the second one. I like you a lot but that was not good.
955 dee > za1: saturday lunch though, it's always like that
951 zane > za1: fair, but then say so at the till
899 rami [ar]: @K مرحبا، هل لديكم خبز بدون سكر؟ والدي مصاب بالسكري.
850 hana [ko]: @K 안녕하세요! 커피 원두 정기구독을 일시 정지할 수 있나요? 다음 달에 여행을 가요.
780 joy joy1: Whoever at @K wrote "you can do this" on my cup this morning: I had an interview. I GOT THE JOB. 😭🌻
690 ewan ew1: @K do you buy from local growers? I have about 40 kg of Bramleys going spare from October
600 vera [ru]: @K Здравствуйте! Можно ли заказать ржаной хлеб на пятницу, две буханки?
520 kettle bnews: Hedgerow jam is in. Thirty jars, then none until next year.
512 kat > bnews: is it vegan?
508 will > bnews: yes jam is vegan kat
507 kat > bnews: honey jam isn't WILL
470 gus gus1: @K Loyalty card question: ten stamps, but the app says nine. Do you trust paper or app?
410 bram bram1: @K The tasting evening on the 28th: still places? Two, one of whom does not drink coffee but is pleasant company.
365 maya ma1: @K I emailed twice about the unpaid invoice for the flour sacks (no. 2219). Who is the right person?
300 una un1: @K is the harp evening ticketed or do we just turn up?
251 idris id1: @K your opening hours differ: door says 7, website says 8, map says closed for ever 😅
210 ola ola1: @K Any part-time work for a student on Sundays? I can carry many plates.
164 yuki [ja]: @K シナモンロール、世界一です。ありがとう 🙏
130 tom to1: @K your fire alarm has been chirping for three days. low battery. please. i live upstairs.
88 ada ada5 > ada3: @K update: poked it, it sprang back, I waited, IT ROSE. photo tomorrow
61 chidi ch2 > ch1: @K Asking once more about Sunday: is there a ramp, or should we come in from the lane?
33 gus gus2 > gus1: @K also the app now says eight. it is eating my stamps
14 joy joy2: @K can I order a box for my whole new team for Monday? twelve people, one vegan, one who "hates raisins"
6 leo leo2 > leo1 [fr]: @K Bonsoir, toujours pas de nouvelles de mon écharpe ? Elle compte beaucoup pour moi.
"""

BLUESKY_CHATS = """
1150 sue: Hello dears, could you keep the Saturday paper for me again? I will pay you for it this time.
1121 kettle>sue: Of course, Sue, it is behind the counter. And no, you won't. – Morwenna
610 maya: Hi, this is Maya from the flour sacks. Could you send me the name of whoever pays invoices? It is rather late now.
190 chidi: Sorry to write here too. It is about the wheelchair on Sunday: the ramp must be at least 80 cm wide. Is it?
27 kat: do you have the vegan list as a PDF? for my sister, who does not believe me
"""

# Said after somebody of the bakery answers by hand, a minute or two later.
THANKS = ["Thank you, that helps a lot!", "Perfect, thanks so much 🙏", "Oh that was quick. Thank you!", "Great, see you then!",
          "Thanks! You are stars.", "Danke! / Merci! / Thank you!", "Lovely, thank you for looking into it."]
FOLLOW_UPS = ["Thanks! One more thing: is that also true on Sundays?", "Good to know. And how would I pay for it?",
              "Hm, are you sure? On your website it says something else.", "Thank you. Could somebody call me about it as well?"]

# One of these comes every twenty to forty seconds while the town runs.
TRICKLE = [
    "@K Is there oat milk today?", "@K Do you open on the bank holiday?", "@K My parcel says Falmouth, I live in Fowey. Who has my bread? 🤔",
    "@K Could I change my order 4451 from rye to spelt?", "@K The saffron buns were perfect. My grandmother cried, and she is not one for crying.",
    "@K How long does the fruit loaf keep?", "@K Somebody left a small red glove on the harbour bench, I hung it on your door.",
    "@K Wie lange habt ihr heute offen?", "@K Est-ce que le pain de seigle contient du lait ?", "@K ¿Tienen mesas para diez personas el viernes?",
    "@K Is the back room free on the 12th for a book club of nine? We are loud.", "@K You charged me for a large and gave me a small. Twice this week!",
    "@K Where do your beans come from, and do the growers get paid well?", "@K Czy można zamówić tort na sobotę?",
    "@K The music was so loud that we left. It is a pity, we like you.", "@K Do you have a high chair?", "@K هل لديكم قهوة منزوعة الكافيين؟",
    "@K Just wanted to say: best scone in the county. I will not be taking questions.", "@K Can I bring my own cup and pay less?",
    "@K I never got the voucher that I bought for my brother (order 4460). His birthday is tomorrow.", "@K 今日は何時まで開いていますか？",
    "@K Is the sourdough class full? The page only says 'soon'.", "@K Your toilet is out of paper, and I am told that I should say it here 😬",
    "@K Would you deliver to the hospital? My husband misses your soup.", "@K Do you still take pound coins with the old edge?",
    "@K Hvor mye koster frakt til Norge?", "@K Vegan pasty on Mondays: yes or no? My bus leaves in ten minutes!",
    "@K I found a hair in my pasty. I still have both.", "@K Puis-je réserver la table près du poêle pour demain midi ?",
    "@K Is it true that you give yesterday's bread to the food bank? Can I help carry?",
]
MURMUR = ["anyone else's bread proving slowly in this cold?", "the harbour smells of cinnamon again, I love this town",
          "queue at Kettle & Crumb goes round the corner. worth it", "today I ate a bun on a bench and nothing else happened. ten out of ten"]

# The bakery's journal, a blog: comments are read and written under a name alone.
JOURNAL_PEOPLE = """
kettle|Morwenna at Kettle & Crumb
ann|Ann Pascoe
hedda|Hedda
raj|Raj P.
olive|Olive Tregear
jules|Jules
"""

JOURNAL_DAY = r"""
1380 kettle starter [title=Why our rye rests for two days]: A sour that is hurried tastes of hurry. We mix on Monday for Wednesday, and this is what happens in between.
1290 hedda hed1 > starter: Which flour do you feed it with? Mine turns grey after a week.
1250 kettle hed2 > hed1: Whole rye, and a spoon of it every day. Grey is only hunger. – Morwenna
1190 raj raj1 > starter: Lovely to read, thank you!
700 kettle tins [title=The Christmas tins]: Twelve of each kind this year, and they are numbered.
560 olive olv1 > tins: Can I order two tins for my sister in Leeds, and will they arrive before the 20th?
430 ann ann9 > tins: My order from the first week never came. Number 4488. I have written twice now!
300 jules jul1 > olv1: They came in three days last year, do not worry.
95 hedda hed3 > hed2: And how long may it stay without food while I am away?
"""

JOURNAL_TRICKLE = [
    "Is the saffron loaf vegan?",
    "The link to the order form leads nowhere. Could you look at it?",
    "Do you sell the starter itself?",
    "Beautifully written, as always.",
    "Which of the tins keeps longest?",
]
