/* SPDX-License-Identifier: MIT */
/*
 * header_image_json - edits of a JSON text by path, for tests that spoil one thing at a time.
 *
 * A path is names and array indexes with slashes between: "keyslots/0/kdf/time". The text
 * is edited in place in a buffer of the caller's. Knows nothing of the code under test.
 */
#ifndef TESTS_HEADER_IMAGE_JSON_H
#define TESTS_HEADER_IMAGE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EDIT_NODES_MAX = 2048, EDIT_DEPTH_MAX = 40 };

/* One value of the text; @name is where its name stands, behind the quote; -1: none. */
struct edit_node {
	long name;
	size_t name_len, at, len;
	int parent;     /* index of the node that holds it; -1: the document */
	unsigned index; /* among its neighbours */
};

struct edit_walk {
	const char *text;
	size_t at, len;
	struct edit_node *nodes;
	size_t count;
	unsigned depth;
};

static inline void edit_blanks(struct edit_walk *w)
{
	while (w->at < w->len && strchr(" \t\r\n", w->text[w->at]) && w->text[w->at])
		w->at++;
}

static inline bool edit_string(struct edit_walk *w)
{
	for (w->at++; w->at < w->len && w->text[w->at] != '"'; w->at++)
		w->at += w->text[w->at] == '\\';
	return w->at++ < w->len;
}

static inline bool edit_value(struct edit_walk *w, int parent, unsigned index, long name, size_t name_len);

static inline bool edit_items(struct edit_walk *w, int parent, char close)
{
	for (unsigned i = 0;; i++) {
		long name = -1;
		size_t name_len = 0;

		edit_blanks(w);
		if (w->at < w->len && w->text[w->at] == close) {
			w->at++;
			return true;
		}
		if (close == '}') {
			name = (long)w->at + 1;
			if (w->at >= w->len || w->text[w->at] != '"' || !edit_string(w))
				return false;
			name_len = w->at - (size_t)name - 1;
			edit_blanks(w);
			if (w->at >= w->len || w->text[w->at++] != ':')
				return false;
		}
		if (!edit_value(w, parent, i, name, name_len))
			return false;
		edit_blanks(w);
		if (w->at < w->len && w->text[w->at] == ',')
			w->at++;
		else if (w->at >= w->len || w->text[w->at] != close)
			return false;
	}
}

static inline bool edit_value(struct edit_walk *w, int parent, unsigned index, long name, size_t name_len)
{
	int self = (int)w->count;
	size_t start;
	bool ok = true;

	edit_blanks(w);
	start = w->at;
	if (start >= w->len || w->count == EDIT_NODES_MAX || w->depth == EDIT_DEPTH_MAX)
		return false;
	w->nodes[w->count++] = (struct edit_node){name, name_len, start, 0, parent, index};
	w->depth++;
	if (w->text[start] == '{' || w->text[start] == '[') {
		w->at++;
		ok = edit_items(w, self, w->text[start] == '{' ? '}' : ']');
	} else if (w->text[start] == '"') {
		ok = edit_string(w);
	} else {
		while (w->at < w->len && !strchr(",]} \t\r\n", w->text[w->at]))
			w->at++;
		ok = w->at > start;
	}
	w->depth--;
	w->nodes[self].len = w->at - start;
	return ok;
}

/* The values of @text in its order. Returns how many, 0 when it cannot be understood. */
static inline size_t edit_index(const char *text, size_t len, struct edit_node nodes[static EDIT_NODES_MAX])
{
	struct edit_walk w = {.text = text, .len = len, .nodes = nodes};

	return edit_value(&w, -1, 0, -1, 0) ? w.count : 0;
}

/* The path of node @i; false when it does not fit. */
static inline bool edit_path(const char *text, const struct edit_node *nodes, int i, char *out, size_t room)
{
	char step[24];
	size_t used;

	*out = 0;
	if (nodes[i].parent < 0)
		return true;
	if (!edit_path(text, nodes, nodes[i].parent, out, room))
		return false;
	used = strlen(out);
	snprintf(step, sizeof(step), "%u", nodes[i].index);
	if (nodes[i].name >= 0)
		used += (size_t)snprintf(out + used, room - used, "%s%.*s", used ? "/" : "",
			(int)nodes[i].name_len, text + nodes[i].name);
	else
		used += (size_t)snprintf(out + used, room - used, "%s%s", used ? "/" : "", step);
	return used < room;
}

/* The node at @path; the test is wrong when it is not there. */
static inline struct edit_node edit_find(const char *text, const char *path)
{
	static struct edit_node nodes[EDIT_NODES_MAX];
	size_t count = edit_index(text, strlen(text), nodes);
	char found[256];

	for (size_t i = 0; i < count; i++)
		if (edit_path(text, nodes, (int)i, found, sizeof(found)) && !strcmp(found, path))
			return nodes[i];
	fprintf(stderr, "no %s in the text to edit\n", path);
	abort();
}

/* Replace @len bytes at @at by @with. */
static inline void edit_splice(char *text, size_t room, size_t at, size_t len, const char *with)
{
	size_t total = strlen(text), n = strlen(with);

	if (total - len + n >= room) {
		fprintf(stderr, "the edited text does not fit\n");
		abort();
	}
	memmove(text + at + n, text + at + len, total - at - len + 1);
	memcpy(text + at, with, n);
}

/* Give the value at @path the text @value. */
static inline void edit_set(char *text, size_t room, const char *path, const char *value)
{
	struct edit_node n = edit_find(text, path);

	edit_splice(text, room, n.at, n.len, value);
}

/* Take the member or item at @path out, and one comma. */
static inline void edit_remove(char *text, size_t room, const char *path)
{
	struct edit_node n = edit_find(text, path);
	size_t start = n.name < 0 ? n.at : (size_t)n.name - 1, end = n.at + n.len;

	if (text[end] == ',')
		end++;
	else if (text[start - 1] == ',')
		start--;
	edit_splice(text, room, start, end - start, "");
}

/* Put @member ("\"name\":value", or a value for an array) at the end of the container at @path. */
static inline void edit_add(char *text, size_t room, const char *path, const char *member)
{
	struct edit_node n = edit_find(text, path);

	edit_splice(text, room, n.at + n.len - 1, 0, member);
	if (n.len > 2)
		edit_splice(text, room, n.at + n.len - 1, 0, ",");
}

/* Put @member at the front of the container at @path. */
static inline void edit_add_first(char *text, size_t room, const char *path, const char *member)
{
	struct edit_node n = edit_find(text, path);

	if (n.len > 2)
		edit_splice(text, room, n.at + 1, 0, ",");
	edit_splice(text, room, n.at + 1, 0, member);
}

/* Write the name of the member at @path as @name stands. */
static inline void edit_rename(char *text, size_t room, const char *path, const char *name)
{
	struct edit_node n = edit_find(text, path);

	edit_splice(text, room, (size_t)n.name, n.name_len, name);
}

struct edit {
	enum { EDIT_END, SET, REMOVE, ADD, ADD_FIRST, RENAME } op;
	const char *path, *text;
};

static inline void edit_apply(char *text, size_t room, const struct edit *e)
{
	switch (e->op) {
	case SET:
		edit_set(text, room, e->path, e->text);
		break;
	case REMOVE:
		edit_remove(text, room, e->path);
		break;
	case ADD:
		edit_add(text, room, e->path, e->text);
		break;
	case ADD_FIRST:
		edit_add_first(text, room, e->path, e->text);
		break;
	case RENAME:
		edit_rename(text, room, e->path, e->text);
		break;
	case EDIT_END:
		break;
	}
}

#endif
