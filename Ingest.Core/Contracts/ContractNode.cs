using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ingest.Core.Contracts;

/// <summary>A YAML mapping being read: knows its place, collects errors instead of throwing, and notices keys that nobody asked for.</summary>
internal sealed class ContractNode
{
    private readonly string _file;
    private readonly YamlMappingNode _map;
    private readonly List<ContractError> _errors;
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    public ContractNode(string file, YamlMappingNode map, List<ContractError> errors)
    {
        _file = file;
        _map = map;
        _errors = errors;
    }

    public string File => _file;

    /// <summary>Where the mapping starts.</summary>
    public Mark Mark => _map.Start;

    public bool Has(string key) => Find(key) is not null;

    public Mark At(string key) => Find(key)?.Start ?? Mark;

    public void Wrong(Mark at, string message, string remedy) => _errors.Add(new ContractError(_file, (int)at.Line, (int)at.Column, message, remedy));

    public void Wrong(string key, string message, string remedy) => Wrong(At(key), message, remedy);

    /// <summary>A text, or null when the key is absent (an error if it is required).</summary>
    public string? Text(string key, string? required = null)
    {
        var node = Find(key);
        if (node is YamlScalarNode scalar) return scalar.Value ?? "";
        if (node is not null) Wrong(node.Start, $"'{key}' must be a text.", $"Write {key}: something.");
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
            case YamlScalarNode one: return [(one.Value ?? "", one.Start)];
            case YamlSequenceNode many:
                var texts = new List<(string, Mark)>();
                foreach (var item in many.Children)
                {
                    if (item is YamlScalarNode scalar) texts.Add((scalar.Value ?? "", scalar.Start));
                    else Wrong(item.Start, $"'{key}' holds something that is not a text.", "Write a list of texts, such as [a, b].");
                }

                return texts;
            case var other:
                Wrong(other.Start, $"'{key}' must be a list of texts.", $"Write {key}: [a, b].");
                return [];
        }
    }

    public ContractNode? Map(string key)
    {
        switch (Find(key))
        {
            case null: return null;
            case YamlMappingNode map: return new ContractNode(_file, map, _errors);
            case var other:
                Wrong(other.Start, $"'{key}' must hold keys of its own.", $"Write {key}: followed by indented keys.");
                return null;
        }
    }

    public List<ContractNode> Maps(string key, string required)
    {
        var node = Find(key);
        if (node is YamlSequenceNode { Children.Count: > 0 } list)
        {
            var maps = new List<ContractNode>();
            foreach (var item in list.Children)
            {
                if (item is YamlMappingNode map) maps.Add(new ContractNode(_file, map, _errors));
                else Wrong(item.Start, $"'{key}' holds something without keys.", required);
            }

            return maps;
        }

        Wrong(node?.Start ?? Mark, $"'{key}' is {(node is null ? "missing" : "not a list, or empty")}.", required);
        return [];
    }

    /// <summary>Reports every key that was never asked for.</summary>
    public void Done()
    {
        foreach (var key in _map.Children.Keys)
        {
            var name = (key as YamlScalarNode)?.Value ?? "";
            if (!_asked.Contains(name)) Wrong(key.Start, string.Create(CultureInfo.InvariantCulture, $"'{name}' is not known here."), NearestName.Suggest(name, _asked.Order(StringComparer.Ordinal)));
        }
    }

    private YamlNode? Find(string key)
    {
        _asked.Add(key);
        return _map.Children.TryGetValue(new YamlScalarNode(key), out var node) ? node : null;
    }
}
