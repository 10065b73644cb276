"use strict";
(function () {
  function key(row, column) {
    var cell = row.cells[column];
    return cell.dataset.o === undefined ? cell.textContent : cell.dataset.o;
  }
  function compare(a, b, numeric) {
    if (!numeric) return a.localeCompare(b, undefined, { numeric: true });
    if (a === "" || b === "") return a === b ? 0 : a === "" ? Infinity : -Infinity;
    return Number(a) - Number(b);
  }
  function sortable(box) {
    var heads = box.querySelectorAll("thead th"), body = box.querySelector("tbody");
    heads.forEach(function (head, column) {
      var button = document.createElement("button"), numeric = head.classList.contains("n");
      button.type = "button";
      while (head.firstChild) button.appendChild(head.firstChild);
      head.appendChild(button);
      button.addEventListener("click", function () {
        var down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        Array.from(body.rows).sort(function (one, two) {
          var order = compare(key(one, column), key(two, column), numeric);
          return Math.abs(order) === Infinity || !down ? order : -order; // missing numbers stay last
        }).forEach(function (row) { body.appendChild(row); });
      });
    });
  }
  function filterable(box, number) {
    var line = document.createElement("p"), label = document.createElement("label");
    var input = document.createElement("input"), told = document.createElement("span");
    line.className = "filter";
    input.type = "search";
    input.id = label.htmlFor = "filter-" + number;
    label.textContent = box.dataset.filter;
    told.setAttribute("role", "status");
    line.append(label, input, told);
    box.prepend(line);
    input.addEventListener("input", function () {
      var words = input.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
      var rows = box.querySelector("tbody").rows;
      Array.from(rows).forEach(function (row) {
        var text = row.textContent.toLowerCase();
        row.hidden = !words.every(function (word) { return text.includes(word); });
        shown += row.hidden ? 0 : 1;
      });
      told.textContent = box.dataset.count.replace("SHOWN", shown).replace("ALL", rows.length);
    });
  }
  document.querySelectorAll("[data-sortable]").forEach(sortable);
  document.querySelectorAll("[data-filter]").forEach(filterable);
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (fold) { fold.open = true; });
  });
})();
