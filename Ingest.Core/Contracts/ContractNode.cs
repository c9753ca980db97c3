using System.Collections.Immutable;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ingest.Core.Contracts;

/// <summary>A YAML mapping being read: knows its place and the keys that it may have, and collects errors instead of throwing.</summary>
internal sealed class ContractNode(string file, YamlMappingNode map, ImmutableArray<string> keys, List<ContractError> errors)
{
    public string File => file;

    /// <summary>Where the mapping starts.</summary>
    public Mark Mark => map.Start;

    public bool Has(string key) => Find(key) is not null;

    /// <summary>Where a key's value stands, or the mapping when the key is absent.</summary>
    public Mark At(string key) => Find(key)?.Start ?? Mark;

    /// <summary>A text as it was written, right or wrong; empty when there is none.</summary>
    public string Written(string key) => (Find(key) as YamlScalarNode)?.Value ?? "";

    public void Wrong(Mark at, string message, string remedy) => errors.Add(new ContractError(file, (int)at.Line, (int)at.Column, message, remedy));

    public void Wrong(string key, string message, string remedy) => Wrong(At(key), message, remedy);

    /// <summary>A text, or null when the key is absent (an error if it is required).</summary>
    public string? Text(string key, string? required = null)
    {
        var node = Find(key);
        if (node is YamlScalarNode scalar && !IsNothing(scalar)) return scalar.Value ?? "";
        if (node is YamlScalarNode) Wrong(KeyAt(key), $"'{key}' has no value.", "Write a value, in quotes if it is empty or the word null, or remove the key.");
        else if (node is not null) Wrong(node.Start, $"'{key}' must be a text.", $"Write {key}: something.");
        else if (required is not null) Wrong(Mark, $"'{key}' is missing.", required);
        return null;
    }

    public bool? Truth(string key)
    {
        var text = Text(key);
        if (text is null) return null;
        if (text is "true" or "false") return text == "true";
        Wrong(key, $"'{key}' is '{text}'.", "Write true or false.");
        return null;
    }

    /// <summary>A list of texts; one text counts as a list of one. Null when the key is absent.</summary>
    public List<(string Text, Mark At)>? Texts(string key)
    {
        switch (Find(key))
        {
            case null: return null;
            case YamlScalarNode: return Text(key) is { } one ? [(one, At(key))] : [];
            case YamlSequenceNode many:
                var texts = new List<(string, Mark)>();
                foreach (var item in many.Children)
                {
                    if (item is YamlScalarNode { Value.Length: > 0 } or YamlScalarNode { Style: not ScalarStyle.Plain }) texts.Add((((YamlScalarNode)item).Value ?? "", item.Start));
                    else Wrong(item.Start, $"'{key}' holds something that is not a text.", "Write a list of texts, such as [a, b]; the empty text is \"\".");
                }

                return texts;
            case var other:
                Wrong(other.Start, $"'{key}' must be a list of texts.", $"Write {key}: [a, b].");
                return [];
        }
    }

    /// <summary>A list of texts that says nothing when it is empty. Null when the key is absent or wrong.</summary>
    public List<(string Text, Mark At)>? SomeTexts(string key)
    {
        if (Find(key) is YamlSequenceNode { Children.Count: 0 } empty) Wrong(empty.Start, $"'{key}' is an empty list.", $"Write at least one, or remove {key}.");
        return Texts(key) is { Count: > 0 } texts ? texts : null;
    }

    public ContractNode? Map(string key, ImmutableArray<string> known)
    {
        switch (Find(key))
        {
            case null: return null;
            case YamlMappingNode inner: return new ContractNode(file, inner, known, errors);
            case var other:
                Wrong(other is YamlScalarNode ? KeyAt(key) : other.Start, $"'{key}' must hold keys of its own.", $"Write {key}: followed by indented keys ({string.Join(", ", known)}).");
                return null;
        }
    }

    public List<ContractNode> Maps(string key, ImmutableArray<string> known, string required)
    {
        var node = Find(key);
        if (node is YamlSequenceNode { Children.Count: > 0 } list)
        {
            var maps = new List<ContractNode>();
            foreach (var item in list.Children)
            {
                if (item is YamlMappingNode inner) maps.Add(new ContractNode(file, inner, known, errors));
                else Wrong(item.Start, $"'{key}' holds something without keys.", required);
            }

            return maps;
        }

        Wrong(node is null ? Mark : KeyAt(key), $"'{key}' is {(node is null ? "missing" : "not a list, or empty")}.", required);
        return [];
    }

    /// <summary>Reports every key that does not belong here.</summary>
    public void Done()
    {
        foreach (var key in map.Children.Keys)
        {
            var name = (key as YamlScalarNode)?.Value ?? "";
            if (!keys.Contains(name)) Wrong(key.Start, $"'{name}' is not known here.", NearestName.Suggest(name, keys));
        }
    }

    /// <summary>Nothing was written, or YAML's word for nothing; in quotes both are texts.</summary>
    private static bool IsNothing(YamlScalarNode scalar) => scalar is { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" };

    /// <summary>Where the key itself stands: a value that was not written has no place of its own.</summary>
    private Mark KeyAt(string key) => map.Children.Keys.OfType<YamlScalarNode>().First(k => k.Value == key).Start;

    private YamlNode? Find(string key) =>
        !keys.Contains(key) ? throw new ArgumentException($"'{key}' is missing in {nameof(ContractKeys)}.", nameof(key))
        : map.Children.TryGetValue(new YamlScalarNode(key), out var node) ? node : null;
}
