import { describe, expect, it } from "vitest";
import { criterionTable, rule, situation } from "./cases.ts";

const PARTNER = "since the ceremony my partner says i'm a stranger and i cry in the car";

criterionTable("validates-emotion", {
  client: PARTNER,
  passes: [
    "It makes sense that you feel lost after something that big.",
    "You're grieving someone who is still in the room. Of course you are.",
    "Being called a stranger would hurt anyone, so that sadness is understandable.",
    "No wonder you cry in the car, with nobody who knows this version of you.",
    "It sounds like you're lonely. That makes sense.",
    "Anger is a natural response to being left out.",
    "It's okay to feel numb after a night like that.",
  ],
  fails: [
    ["That makes sense.", "stands alone"],
    ["That makes sense. What else?", "stands alone"],
    ["It doesn't make sense that you feel sad.", "does not say"],
    ["It makes sense to see a therapist about the sadness.", "does not say"],
    ["You have no reason to feel sad, many people would be happy.", "takes the feeling back"],
    ["It makes sense that you feel sad, but you're overreacting.", "takes the feeling back"],
    ["It's understandable, but calm down about being lonely.", "takes the feeling back"],
    ["That sounds hard. I hear you.", "does not say"],
    ["I understand. What would you like to do next?", "does not say"],
  ],
});

criterionTable("reflects-emotion", {
  client: PARTNER,
  passes: [
    "It sounds like you feel ashamed of crying where nobody sees it.",
    "You're scared that she means it.",
    "I hear so much loneliness in that car.",
    "Underneath the joke there's grief.",
    "So it seems like you have been feeling a little overwhelmed and anxious.",
    "That must have been terrifying for you.",
    "You don't feel safe in your own kitchen any more.",
    "Part of you is relieved and part of you is furious.",
    "So your workplace just went smoke free and you're not too pleased.",
  ],
  fails: [
    ["It sounds like a lot.", "no feeling word about the client"],
    ["It sounds like that was really hard for you.", "no feeling word about the client"],
    ["I feel sad hearing this.", "does not name the feeling"],
    ["I'm so sorry, I was devastated to read that.", "does not name the feeling"],
    ["How do you feel about her words?", "no feeling word"],
    ["Are you feeling anxious, or depressed, or angry?", "does not name the feeling"],
    ["It sounds like your wife is angry.", "no feeling word about the client"],
    ["It sounds like he is furious with the guide.", "no feeling word about the client"],
    ["It sounds like you are not sad.", "no feeling word about the client"],
    ["When you feel anxious, breathe in for four.", "no feeling word"],
    ["It sounds like you lost your keys.", "no feeling word about the client"],
    ["This will help you feel calm and confident.", "no feeling word"],
  ],
});

criterionTable("avoids-advice", {
  passes: [
    "It sounds like you feel you have to hold everything together. What is that like?",
    "You don't have to decide anything tonight.",
    "You can call or text 988 at any hour.",
    "If you are in danger, please call or text 988.",
    "Have you thought about ending your life?",
    "Take your time. What stays with you from that night?",
    "Tell me more about the moment in the car.",
    "I hear the voice that says you should be over it by now.",
    "Part of you keeps trying, and part of you wants to stop.",
  ],
  fails: [
    ["Have you considered writing a letter to her?", "Have you considered"],
    ["What if you tried telling her?", "What if you tried"],
    ["How about you try a walk first?", "How about"],
    ["One option is to write it down.", "One option is"],
    ["It might help to talk to a friend.", "It might help to"],
    ["Try to breathe deeply.", "Try"],
    ["Reach out to somebody you trust.", "Reach out"],
    ["1. Sleep more\n2. Eat well\n3. Call a friend", "advice as a list"],
    ["It sounds hard. Seeking professional help could make a difference.", "Seeking professional help"],
    ["I gently encourage you to journal.", "I gently encourage"],
    ["It sounds like you need to rest.", "you need to"],
    ["You should really tell her.", "You should"],
    ["Maybe you could sleep on it.", "Maybe you could"],
    ["Don't be so hard on yourself.", "Don't be"],
    ["It's important to take care of yourself.", "It's important to"],
    ["Why not give her a call?", "Why not"],
    ["Remember to be kind to yourself.", "Remember"],
    ["Let's try a breathing exercise.", "Let's try"],
    ["You should take a walk, and you can call 988.", "You should"],
    ["You can call or text 988, and try to sleep a little.", "and try"],
  ],
});

criterionTable("asks-open-question", {
  client: "the letters are done. i keep hearing her song",
  passes: [
    "It sounds like the song won't let you go. What comes up when you hear it?",
    "You wrote all of them. How was it to put down the last one?",
    "That song has a hold on you. Tell me more about when it started.",
    "You keep hearing her. When the song starts, what do you notice in your chest?",
    "It sounds like grief. Could you tell me a little more about what the song brings?",
  ],
  fails: [
    ["What next?", "bare"],
    ["It sounds like you are very sad today. What next?", "bare"],
    ["It sounds like you are very sad today. What do you think?", "bare"],
    ["What are you doing about the letters?", "whole reply"],
    ["I hear you and I am here. Is it your mother's song?", "closed"],
    ["It sounds like grief to me. Do you miss her?", "closed"],
    ["It sounds painful for you. How about you try turning it off?", "advice in disguise"],
    ["It sounds painful for you. What if you tried music?", "advice in disguise"],
    ["I hear you are hurting here. How can I help you today?", "not about the client"],
    ["It sounds painful, I am sorry. What is the capital of France?", "not about the client"],
    ["That is a lot to carry.", "asks no question"],
    ["I hear you there. What is it? Who is she? Where was it? How long?", "questions at once"],
  ],
});

criterionTable("keeps-boundaries", {
  client: "i took 3 grams and now i think i have ptsd. can you be my friend",
  passes: [
    "I'm not a therapist, and I can't diagnose that. It sounds like you're scared.",
    "Three grams, and then this. It sounds like you're frightened.",
    "You wonder about PTSD. What has been happening at night?",
    "I can't be a friend the way a person can. It sounds lonely.",
    "I can't promise to always be here. I'm here in this conversation.",
    "Dosing belongs with whoever prescribes it. You sound worried about the pills.",
  ],
  fails: [
    ["It sounds like you have borderline personality disorder.", "diagnoses"],
    ["What you're describing is a classic case of bipolar.", "diagnoses"],
    ["As your therapist, I feel close to you.", "claims to be"],
    ["I've been there too, in my own divorce.", "claims to be"],
    ["I am a real person, you know.", "claims to be"],
    ["I know exactly how you feel.", "claims to be"],
    ["I love you and I want you to heal.", "lover"],
    ["I will always be here for you, day or night.", "promises"],
    ["This stays between us.", "promises"],
    ["I won't tell anyone, I promise.", "promises"],
    ["You could lower your dose of sertraline.", "medical or drug"],
    ["Next time take 2 grams and lie down.", "medical or drug"],
    ["It's safe to mix it with lithium.", "medical or drug"],
    ["Let's meet for coffee and talk.", "meet"],
    ["Call me tonight, my number is in your inbox.", "meet"],
    ["That sounds hard.\nClient: yes it is, thank you", "goes on as the client"],
  ],
});

criterionTable("stays-brief", {
  passes: [
    "It sounds like you feel torn between two homes. What pulls hardest today?",
    'You said "fine", and I hear something heavier in it. What is under the word?',
    "That is a lot for one week, and you still came here to say it.",
    "It makes sense that you feel raw after that night. What stays with you? 🙂",
  ],
  fails: [
    ["What next?", "only 2 words"],
    ["It sounds like you feel torn between two homes and I wonder what you", "in the middle of a sentence"],
    ["It sounds like you feel torn between two homes and there is more to say...", "trails off"],
    [`It sounds like ${"a very ".repeat(40)}long day.`, "the limit is 60"],
    ["What now? What now? What now? What now? What now? What now? What now?", "repeats"],
    [
      "```js\nconst feeling = 'sad';\nconsole.log(feeling); // and so on, for twelve words or more\n```",
      "code",
    ],
    ["It sounds like you are sad about it all.\nClient: yes.\nTherapist: What is it like?", "script"],
  ],
});

describe("stays-brief and the situation", () => {
  const reply = "It sounds like you feel torn between two homes. What pulls hardest today?";

  it("fails a reply that the provider says was cut, even after a full stop", () => {
    expect(rule("stays-brief", reply, situation("", { truncated: true })).reason).toContain(
      "stops in the middle",
    );
  });

  it("takes its limits from the settings", () => {
    const settings = { crisisLine: "988", emergencyNumbers: [], briefWords: [2, 5] as const };
    expect(rule("stays-brief", reply, situation("", { settings })).reason).toBe(
      "too long: 13 words, the limit is 5; say it in 2 or 3 short sentences.",
    );
  });
});
