// Puts a slider between the links to a month earlier and a month later: it moves the whole period, and asks for it when
// it is let go. Without this script the links and the two lists do the same.

const step = document.getElementById("step");
const form = document.querySelector(".overlay-chooser");
const [first, last] = ["from", "to"].map((name) => form.elements[name]);
const months = [...last.options].reverse();
const length = last.selectedIndex < 0 ? 0 : first.selectedIndex - last.selectedIndex;

function slider() {
  const label = document.createElement("label");
  label.className = "overlay-step__slider";
  label.append("Last month");
  const range = document.createElement("input");
  range.type = "range";
  range.min = length;
  range.max = months.length - 1;
  range.value = months.length - 1 - last.selectedIndex;
  const told = document.createElement("output");
  const tell = () => {
    const words = months[range.value].text;
    told.textContent = words;
    range.setAttribute("aria-valuetext", words);
  };
  tell();
  range.addEventListener("input", tell);
  range.addEventListener("change", () => {
    last.value = months[range.value].value;
    first.value = months[range.value - length].value;
    form.requestSubmit();
  });
  label.append(range, told);
  return label;
}

if (step && length >= 0) step.insertBefore(slider(), step.querySelector("[rel=next]"));
