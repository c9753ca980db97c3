using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ingest.Core.Contracts;

/// <summary>Parses a contract's text as far as the keys of its only document.</summary>
internal static class ContractYaml
{
    /// <summary>Null when there are none; then <paramref name="errors"/> has exactly one more.</summary>
    public static ContractNode? Root(ContractSource source, List<ContractError> errors)
    {
        var text = source.Text.TrimStart('\uFEFF');
        if (Parse(source.File, text, errors) is not { } documents) return null;
        if (documents.Count == 1 && documents[0].RootNode is YamlMappingNode map) return new ContractNode(source.File, map, ContractKeys.Dataset, errors);
        errors.Add(documents.Count switch
        {
            0 => new ContractError(source.File, 1, 1, "The file is empty.", "Write one contract a file."),
            1 => new ContractError(source.File, 1, 1, "The file does not hold keys.", "Start with dataset: name."),
            _ => At(source.File, documents[1].RootNode.Start, "The file holds more than one document.", "Write one contract a file."),
        });
        return null;
    }

    private static IList<YamlDocument>? Parse(string file, string text, List<ContractError> errors)
    {
        var yaml = new YamlStream();
        var parser = new Parser(new StringReader(text));
        try
        {
            yaml.Load(parser);
            return yaml.Documents;
        }
        catch (Exception odd) when (odd is InvalidOperationException or ArgumentException)
        {
            // YamlDotNet throws these for some texts that run into an indicator, without saying where: the last thing it understood is near.
            errors.Add(At(file, parser.Current?.End ?? Mark.Empty, "This is not YAML.", "Check quotes, brackets and special characters after this place."));
        }
        catch (YamlException broken)
        {
            errors.Add(Tab(file, text, broken) ?? At(
                file, broken.Start, $"This is not YAML: {broken.Message.TrimEnd('.')}.", "Check indentation (spaces, no tabs), quotes, brackets and keys that stand twice near here."));
        }

        return null;
    }

    /// <summary>A tab that indents is the most frequent reason, and the parser's own words and place for it are of little help.</summary>
    private static ContractError? Tab(string file, string text, YamlException broken)
    {
        var lines = text.Split('\n');
        for (var i = (int)Math.Max(0, broken.Start.Line - 1); i < Math.Min(lines.Length, broken.End.Line + 1); i++)
        {
            var indent = lines[i].Length - lines[i].TrimStart().Length;
            if (lines[i].AsSpan(0, indent).IndexOf('\t') is >= 0 and var tab) return new ContractError(file, i + 1, tab + 1, "This is not YAML: a tab indents the line.", "Indent with spaces.");
        }

        return null;
    }

    private static ContractError At(string file, Mark mark, string message, string remedy) =>
        new(file, (int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column), message, remedy);
}
