// Asks the browser for a security key, and sends what it signed with the form around the button.

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const read = (keys) => (keys ?? []).map((key) => ({ ...key, id: toBytes(key.id) }));

const make = (asked) =>
  navigator.credentials.create({
    publicKey: {
      ...asked,
      challenge: toBytes(asked.challenge),
      user: { ...asked.user, id: toBytes(asked.user.id) },
      excludeCredentials: read(asked.excludeCredentials),
    },
  });

const use = (asked) =>
  navigator.credentials.get({
    publicKey: { ...asked, challenge: toBytes(asked.challenge), allowCredentials: read(asked.allowCredentials) },
  });

const SIGNED = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];

const written = (credential) => {
  const signed = SIGNED.filter((name) => credential.response[name]);
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response: Object.fromEntries(signed.map((name) => [name, toText(credential.response[name])])),
  });
};

const inWords = (error) => {
  if (error.name === "InvalidStateError") return "This key has been added already. Use another.";
  if (error.name === "NotAllowedError") return "The key was not used. Press the button to try again.";
  return "The browser could not use a security key here. Try again, or use another browser.";
};

for (const form of document.querySelectorAll("form[data-security-key]")) {
  const says = form.querySelector("[data-security-key-says]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    says.textContent = "";
    try {
      const answer = await fetch(form.dataset.ask, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
      if (!answer.ok) {
        // The page says why better than this script could: signed out, or asked too late.
        window.location.reload();
        return;
      }
      const asked = await answer.json();
      const credential = await (form.dataset.securityKey === "create" ? make(asked) : use(asked));
      form.elements.credential.value = written(credential);
      form.submit();
    } catch (error) {
      says.textContent = inWords(error);
    }
  });
}
