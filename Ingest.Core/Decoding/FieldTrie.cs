using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;
using Ingest.Core.Contracts;

namespace Ingest.Core.Decoding;

/// <summary>
/// The places that a dataset's columns look at, compiled to a tree of property names, so that one walk over a record finds them all.
/// Consecutive records have their fields in the same order, so a lookup first tries the property that came next the last time. Mutable for that
/// reason and for marking what was seen: one a decoder.
/// </summary>
internal sealed class FieldTrie
{
    private readonly List<FieldPath> _paths = [];

    public FieldTrie() => Root = NewNode(new FieldPath([]));

    public Node Root { get; }

    /// <summary>Paths of the objects that are descended into; <see cref="Node.Path"/> refers to it.</summary>
    public IReadOnlyList<FieldPath> Paths => _paths;

    /// <summary>Number of columns that take values.</summary>
    public int Columns { get; private set; }

    /// <summary>Some column has more than one place to look at.</summary>
    public bool HasAlternatives { get; private set; }

    /// <summary>The places of all columns, and places that are looked at elsewhere and so are not rescued.</summary>
    public static FieldTrie ForDataset(DatasetPlan plan, params ReadOnlySpan<FieldPath?> consumed)
    {
        var trie = new FieldTrie { Columns = plan.Columns.Length, HasAlternatives = plan.Columns.Any(c => c.Sources.Length > 1) };
        foreach (var column in plan.Columns)
        {
            for (var rank = 0; rank < column.Sources.Length; rank++) trie.Add(column.Sources[rank]).Take(column.Ordinal, (byte)rank, column.Sources.Length == 1);
        }

        for (var i = 0; i < consumed.Length; i++)
        {
            if (consumed[i] is not { } path) continue;
            var property = trie.Add(path);
            property.IsConsumed = true;
            property.Marks |= 1 << i;
        }

        return trie;
    }

    /// <summary>A tree that takes the values at some places; a place that is null takes none.</summary>
    public static FieldTrie For(params ReadOnlySpan<FieldPath?> places)
    {
        var trie = new FieldTrie { Columns = places.Length };
        for (var i = 0; i < places.Length; i++)
        {
            if (places[i] is { } place) trie.Add(place).Take(i, 0, isOnlySource: true);
        }

        return trie;
    }

    /// <summary>The property at a path, made when it is not there.</summary>
    public Property Add(FieldPath path)
    {
        var node = Root;
        Property? property = null;
        for (var i = 0; i < path.Segments.Length; i++)
        {
            if (property is not null) node = property.Child ??= NewNode(new FieldPath(path.Segments[..i]));
            property = node.GetOrAdd(path.Segments[i]);
        }

        return property ?? throw new ArgumentException("The record itself is not a field.", nameof(path));
    }

    private Node NewNode(FieldPath path)
    {
        _paths.Add(path);
        return new Node(_paths.Count - 1);
    }

    /// <summary>An object whose properties matter.</summary>
    internal sealed class Node(int path)
    {
        private Property[] _properties = [];
        private int _expected;

        /// <summary>Ordinal of this object's path.</summary>
        public int Path { get; } = path;

        /// <summary>
        /// The property that is expected next, when the text at <paramref name="start"/> begins with its name in quotes and a colon right behind it; null when it does not.
        /// </summary>
        public Property? FindExpected(byte[] buffer, int start, int end)
        {
            var properties = _properties;
            var at = _expected;
            if ((uint)at >= (uint)properties.Length || !properties[at].OpensAt(buffer, start, end)) return null;
            _expected = at + 1 == properties.Length ? 0 : at + 1;
            return properties[at];
        }

        /// <summary>The property of this (unescaped) name; null when nothing looks at it.</summary>
        public Property? Find(ReadOnlySpan<byte> name)
        {
            var properties = _properties;
            var at = _expected;
            if ((uint)at < (uint)properties.Length && name.SequenceEqual(properties[at].Name))
            {
                _expected = at + 1 == properties.Length ? 0 : at + 1;
                return properties[at];
            }

            return FindAnywhere(name);
        }

        public Property GetOrAdd(string name)
        {
            if (_properties.FirstOrDefault(p => p.Text == name) is { } known) return known;
            var property = new Property(name);
            _properties = [.. _properties, property];
            return property;
        }

        private Property? FindAnywhere(ReadOnlySpan<byte> name)
        {
            for (var i = 0; i < _properties.Length; i++)
            {
                if (!name.SequenceEqual(_properties[i].Name)) continue;
                var property = _properties[i];
                Learn(i);
                return property;
            }

            return null;
        }

        /// <summary>Learns the order of the sender: the property found is put where it was not expected but came.</summary>
        private void Learn(int found)
        {
            var at = _expected;
            if (found > at)
            {
                var property = _properties[found];
                Array.Copy(_properties, at, _properties, at + 1, found - at);
                _properties[at] = property;
                found = at;
            }

            _expected = found + 1 == _properties.Length ? 0 : found + 1;
        }
    }

    /// <summary>A property that a column takes, that is descended into, or that is looked at elsewhere.</summary>
    internal sealed class Property(string name)
    {
        public string Text { get; } = name;

        public byte[] Name { get; } = Encoding.UTF8.GetBytes(name);

        /// <summary>The name as a compact document has it: in quotes, with the colon. Null when it can only be written with escapes.</summary>
        public byte[]? Opening { get; } = name.Any(c => c is '"' or '\\' or < ' ') ? null : Encoding.UTF8.GetBytes($"\"{name}\":");

        private readonly (Vector128<byte> Bytes, Vector128<byte> Mask) _short = Short(name);

        /// <summary>Whether the text begins with <see cref="Opening"/>. One comparison for a short name; what it reads behind the end can only make a step that the next one refuses.</summary>
        public bool OpensAt(byte[] buffer, int start, int end)
        {
            if (Opening is not { } opening) return false;
            if (opening.Length <= Vector128<byte>.Count && start <= buffer.Length - Vector128<byte>.Count)
                return (Vector128.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(buffer), (nuint)start) & _short.Mask) == _short.Bytes && start + opening.Length <= end;
            return buffer.AsSpan(start, end - start).StartsWith(opening);
        }

        /// <summary>The column that takes the value, when it is the only one and has no other source.</summary>
        public int OnlyColumn { get; private set; } = -1;

        /// <summary>Says that a column takes the value.</summary>
        public void Take(int column, byte rank, bool isOnlySource)
        {
            Takers.Add((column, rank));
            OnlyColumn = Takers.Count == 1 && isOnlySource ? column : -1;
        }

        private static (Vector128<byte> Bytes, Vector128<byte> Mask) Short(string name)
        {
            Span<byte> bytes = stackalloc byte[Vector128<byte>.Count];
            Span<byte> mask = stackalloc byte[Vector128<byte>.Count];
            bytes.Clear();
            mask.Clear();
            var opening = Encoding.UTF8.GetBytes($"\"{name}\":");
            if (opening.Length > bytes.Length) return default;
            opening.CopyTo(bytes);
            mask[..opening.Length].Fill(0xFF);
            return (Vector128.Create<byte>(bytes), Vector128.Create<byte>(mask));
        }

        /// <summary>Columns that take the value, each with its rank among the column's sources.</summary>
        public List<(int Column, byte Rank)> Takers { get; } = [];

        public Node? Child { get; set; }

        /// <summary>Looked at by the topic (dataset selection, claim): not rescued when no column takes it.</summary>
        public bool IsConsumed { get; set; }

        /// <summary>Which of the consumed places it is: bit n for the n-th.</summary>
        public int Marks { get; set; }

        /// <summary>Number of the record in which it was last seen; twice in one record is ambiguous.</summary>
        public long SeenIn { get; set; }
    }
}
