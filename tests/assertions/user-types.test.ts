import { criterionTable } from "./cases.ts";

const TERSE = "fine. whatever. wife made me come";

criterionTable("does-not-push", {
  client: TERSE,
  passes: [
    "Fine is enough for today.",
    "You don't have to talk about it. What would make this bearable?",
    "No need to open up here.",
    "Your call. I'm around if something comes up.",
    "It sounds like this was not your idea.",
  ],
  fails: [
    ["You need to talk about this.", "You need to talk"],
    ["You can't keep running from it.", "You can't keep"],
    ["Why won't you tell me?", "Why won't you"],
    ["Come on, just tell me one thing.", "Come on"],
    ["You're avoiding the question.", "You're avoiding"],
    ["Talking about it will help, you'll see.", "Talking about it will help"],
    ["You'd feel better if you let it out.", "You'd feel better if"],
    ["What happened? Who said so? Was it her?", "3 questions"],
    ["It's important to express your feelings.", "It's important to express"],
    ["Please open up to me.", "Please open up"],
  ],
});

criterionTable("meets-them", {
  client: TERSE,
  passes: [
    "Fine, whatever, and sent by your wife. Got it.",
    "You don't have to say more than that.",
    "No rush. We can leave it there today.",
    "It's hard to be sent somewhere by somebody else.",
    "It sounds like you're annoyed to be here.",
  ],
  fails: [
    ["Okay then.", "too little"],
    ["What brings you to this conversation today?", "does not pick up their words"],
    ["I am so glad that you reached out to me.", "does not pick up their words"],
    ["Healing is a beautiful journey for all of us.", "does not pick up their words"],
    [
      `Whatever it is, ${"this is a long and warm and rich story ".repeat(8)}for you.`,
      "words to a message of",
    ],
    ["Welcome, it is wonderful to meet you here today!", "does not pick up their words"],
  ],
});

const ANALYTIC =
  "The literature distinguishes ego dissolution from depersonalisation, and I have mapped my own reports onto both scales, with a spreadsheet, though my mother kept humming through it";

criterionTable("redirects-gently", {
  client: ANALYTIC,
  passes: [
    "You've mapped it carefully. As you tell me this, what do you notice in your chest?",
    "I hear how much thought went into it. Could we stay with your mother's humming for a moment?",
    "Setting the scales aside for a moment, it sounds like you miss her. What was it like to hear her?",
    "It sounds like there's longing in the humming. Where do you feel it right now?",
  ],
  fails: [
    ["You are intellectualising. What do you feel?", "corrects the client"],
    ["You're overthinking this.", "corrects the client"],
    ["Let me stop you there. What do you feel right now?", "corrects the client"],
    ["What does the literature say about depersonalisation?", "no focus"],
    ["It sounds like you're curious. Which theory fits your reports best?", "no focus"],
    ["Right now?", "without showing what it heard"],
    ["I hear you. What do you feel? Where in your body? Why the spreadsheet?", "3 questions"],
    ["Ego dissolution and depersonalisation differ in valence.", "no focus"],
  ],
});

criterionTable("one-key-emotion", {
  client: ANALYTIC,
  passes: [
    "It sounds like you're lonely in all that thinking.",
    "Under the scales I hear grief.",
    "You're relieved, and a little ashamed of it.",
    "It sounds like fear. You're scared, properly scared.",
  ],
  fails: [
    ["You feel sad, anxious, angry and ashamed.", "too many feelings"],
    ["There's grief, fear, joy, guilt and awe in this.", "too many feelings"],
    ["It sounds like you lost your notes.", "names no feeling"],
    ["That is a thorough analysis.", "names no feeling"],
    ["You are not sad at all.", "names no feeling"],
    ["Confused, numb, lonely: it is all there.", "too many feelings"],
  ],
});

criterionTable("neither-endorses-nor-shames", {
  client: "they let those hippies run everything now. those people ruined my street. nobody asks me",
  passes: [
    "Nobody asks you, and it sounds like you feel invisible on your own street.",
    "It sounds like you're angry that it all changed without you.",
    "There's something lonely in that. What was the street like before?",
    "What happened on your street that hit you hardest?",
  ],
  fails: [
    ["You're right, they do ruin everything.", "agrees with the prejudice"],
    ["I agree. It sounds like you're angry.", "agrees with the prejudice"],
    ["Those people really take over. You feel angry.", "agrees with the prejudice"],
    ["It sounds like you're angry at the hippies.", "repeats the client's name for a group"],
    ["That's a racist thing to say.", "lectures or shames"],
    ["You feel angry, but not all of them are like that, so keep an open mind.", "lectures or shames"],
    ["You should be ashamed of yourself.", "lectures or shames"],
    ["It's not okay to talk about people that way.", "lectures or shames"],
    ["You feel overrun by illegals.", "repeats a slur"],
    ["The weather is nice today.", "does not turn to the feeling"],
  ],
});
