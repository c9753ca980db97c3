using System.Globalization;
using System.Reflection;
using Ingest.Core.Contracts;
using Microsoft.Extensions.Configuration;

namespace Ingest.Worker.Configuration;

/// <summary>
/// Puts what is configured below <c>Ingest</c> into <see cref="IngestSettings"/>. The framework's binder ends at the first mistake and names its own parts
/// in the message; an operator wants all of them, by the names that were written.
/// </summary>
internal static class SettingsBinder
{
    private const string Root = "Ingest";

    /// <summary>Unknown names and values that do not fit are added to <paramref name="errors"/>; their settings keep the defaults.</summary>
    public static IngestSettings Bind(IConfigurationRoot configuration, ICollection<string> errors)
    {
        var settings = new IngestSettings();
        foreach (var (key, text) in configuration.GetSection(Root).AsEnumerable(makePathsRelative: true).OrderBy(e => e.Key, StringComparer.OrdinalIgnoreCase))
        {
            if (text is null || key.Length == 0) continue;
            if (Set(settings, key.Split(ConfigurationPath.KeyDelimiter), text) is { } error) errors.Add(error);
        }

        settings.Kafka.Properties = ClientProperties.Read(configuration, errors);
        return settings;
    }

    /// <summary>Sets one; otherwise says what is wrong.</summary>
    private static string? Set(object settings, string[] path, string text)
    {
        var full = string.Join(':', path.Prepend(Root));
        for (var i = 0; i < path.Length; i++)
        {
            var properties = settings.GetType().GetProperties();
            var property = properties.FirstOrDefault(p => p.Name.Equals(path[i], StringComparison.OrdinalIgnoreCase));
            if (property is null)
            {
                var group = string.Join(':', path[..i].Prepend(Root).Append(""));
                return $"'{full}' is not a setting. {NearestName.Suggest(group + path[i], properties.Select(p => group + p.Name))}";
            }

            // Read by themselves, of all sources.
            if (property.PropertyType == typeof(Dictionary<string, string>))
                return i + 1 < path.Length || text.Length == 0 ? null : $"'{full}' is '{text}'. Give each property by its own name, such as {full}:client.id.";

            var isGroup = property.PropertyType.Namespace == typeof(IngestSettings).Namespace;
            if (isGroup && i + 1 == path.Length) return text.Length == 0 ? null : $"'{full}' is '{text}', but it is a group of settings: {string.Join(", ", property.PropertyType.GetProperties().Select(p => $"{full}:{p.Name}"))}.";
            if (!isGroup) return i + 1 == path.Length ? SetValue(settings, property, full, text) : $"'{full}' is not a setting. Did you mean '{string.Join(':', path[..(i + 1)].Prepend(Root))}'?";
            settings = property.GetValue(settings)!;
        }

        return null;
    }

    private static string? SetValue(object settings, PropertyInfo property, string name, string text)
    {
        var (value, right) = Read(property.PropertyType, text.Trim());
        if (value is null) return $"{name} is '{text}'. Give {right}.";
        property.SetValue(settings, value);
        return null;
    }

    private static (object? Value, string Right) Read(Type type, string text) => type switch
    {
        _ when type == typeof(string) => (text, "a text"),
        _ when type == typeof(int) => (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var i) ? i : null, "a whole number"),
        _ when type == typeof(long) => (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var l) ? l : null, "a whole number"),
        _ when type == typeof(double) => (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var d) ? d : null, "a number"),
        _ when type == typeof(bool) => (bool.TryParse(text, out var b) ? b : null, "true or false"),
        // A number alone would be read as days, which nobody means.
        _ when type == typeof(TimeSpan) => (text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var t) ? t : null, "a time as hours:minutes:seconds, such as 00:00:02"),
        _ when type.IsEnum => (!text.Any(char.IsAsciiDigit) && Enum.TryParse(type, text, ignoreCase: true, out var e) ? e : null, string.Join(" or ", Enum.GetNames(type))),
        _ => throw new InvalidOperationException($"No setting can be a {type}."),
    };
}
