using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;

namespace Ingest.Worker.Configuration;

/// <summary>
/// The Kafka client's properties. Their names have dots, which shells do not take in a variable's name: there <c>__</c> stands for one, and arrives here as a level. To the framework
/// that is another setting, so what is one property is found source by source: the later source wins, however each spells it.
/// </summary>
internal static class ClientProperties
{
    public const string Section = "Ingest:Kafka:Properties";

    /// <summary>Each by its own name. One that a source gives two values is added to <paramref name="errors"/>.</summary>
    public static Dictionary<string, string> Read(IConfigurationRoot configuration, ICollection<string> errors)
    {
        var properties = new Dictionary<string, (string Name, string Value)>(StringComparer.OrdinalIgnoreCase);
        foreach (var source in configuration.Providers)
        {
            foreach (var spellings in Of(source, Section).OrderBy(p => p.Key, StringComparer.Ordinal).GroupBy(p => Name(p.Key), StringComparer.OrdinalIgnoreCase))
            {
                var (key, value) = spellings.First();
                if (spellings.Any(s => s.Value != value))
                    errors.Add($"The Kafka property {spellings.Key} has different values in {Place(source)}, as {string.Join(" and as ", spellings.Select(s => Written(source, s.Key)))}. Keep one of them."); // not the values: one may be a password
                properties[spellings.Key] = (Name(key), value);
            }
        }

        return properties.Values.ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);
    }

    /// <summary>All values of a source below a key, with their full keys.</summary>
    private static IEnumerable<(string Key, string Value)> Of(IConfigurationProvider source, string parent)
    {
        foreach (var child in source.GetChildKeys([], parent).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            var key = ConfigurationPath.Combine(parent, child);
            if (source.TryGet(key, out var value) && value is not null) yield return (key, value);
            foreach (var below in Of(source, key)) yield return below;
        }
    }

    /// <summary>No property has two underscores side by side in its name.</summary>
    private static string Name(string key) => key[(Section.Length + 1)..].Replace(ConfigurationPath.KeyDelimiter, ".", StringComparison.Ordinal).Replace("__", ".", StringComparison.Ordinal);

    private static string Place(IConfigurationProvider source) => source switch
    {
        EnvironmentVariablesConfigurationProvider => "the environment",
        CommandLineConfigurationProvider => "the command line",
        JsonConfigurationProvider { Source: { Path: var path, FileProvider: var folder } } => path is not null && folder?.GetFileInfo(path).PhysicalPath is { } file ? file : "appsettings.json",
        _ => "the configuration",
    };

    /// <summary>The key as it stands in its source.</summary>
    private static string Written(IConfigurationProvider source, string key) => source switch
    {
        EnvironmentVariablesConfigurationProvider => key.Replace(ConfigurationPath.KeyDelimiter, "__", StringComparison.Ordinal),
        CommandLineConfigurationProvider => $"--{key}",
        _ => key,
    };
}
