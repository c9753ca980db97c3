using System.Reflection;
using Ingest.Core.Contracts;
using Ingest.Worker.Configuration;

namespace Ingest.Worker.Commands;

/// <summary>Settings on the command line look like <c>--Ingest:Section:Name=value</c>; anything else that is left over is a typing error.</summary>
internal static class SettingArguments
{
    private static readonly string[] s_optionsOfRun = ["--until-caught-up"];

    /// <summary>Every setting, by its full name.</summary>
    private static readonly string[] s_settings = [.. Names(typeof(IngestSettings), "Ingest:")];

    /// <summary>What other programs and commands call a setting.</summary>
    private static readonly Dictionary<string, string> s_alias = new(StringComparer.OrdinalIgnoreCase)
    {
        ["brokers"] = "Ingest:Kafka:BootstrapServers",
        ["bootstrap"] = "Ingest:Kafka:BootstrapServers",
        ["group"] = "Ingest:Kafka:GroupId",
        ["endpoint"] = "Ingest:Store:S3:Endpoint",
    };

    /// <summary>Takes the settings out of a list of files: the parser gives an argument that takes many all that it does not know.</summary>
    public static (string[] Files, string[] Settings) Split(IEnumerable<string> arguments)
    {
        var (files, settings) = (new List<string>(), new List<string>());
        var wantsValue = false;
        foreach (var argument in arguments)
        {
            var isSetting = argument.StartsWith("--", StringComparison.Ordinal);
            (isSetting || wantsValue ? settings : files).Add(argument);
            wantsValue = isSetting && !argument.Contains('=', StringComparison.Ordinal);
        }

        return ([.. files], [.. settings]);
    }

    /// <summary>What is wrong, an error an argument; the value behind an unknown option is part of that error.</summary>
    /// <param name="options">The command's own options, for who mistypes one; null for those of <c>run</c>.</param>
    public static IEnumerable<string> Check(IReadOnlyList<string> arguments, IReadOnlyCollection<string>? options = null)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            var takesNext = equals < 0 && argument.StartsWith("--", StringComparison.Ordinal) && i + 1 < arguments.Count && !arguments[i + 1].StartsWith("--", StringComparison.Ordinal);
            if (!argument.StartsWith("--Ingest:", StringComparison.OrdinalIgnoreCase) && !argument.StartsWith("--Logging:", StringComparison.OrdinalIgnoreCase))
            {
                var value = takesNext ? arguments[i + 1] : equals < 0 ? null : argument[(equals + 1)..];
                yield return $"'{argument}' is not known here. {Suggest(equals < 0 ? argument : argument[..equals], value, options ?? s_optionsOfRun)}";
            }

            if (takesNext) i++;
        }
    }

    private static string Suggest(string given, string? value, IReadOnlyCollection<string> options)
    {
        const string Form = "Settings are given as --Ingest:Section:Name=value.";
        if (!given.StartsWith("--", StringComparison.Ordinal)) return Form;
        if ((options.FirstOrDefault(o => o.StartsWith(given, StringComparison.Ordinal)) ?? NearestName.Of(given, options)) is { } option) return $"Did you mean {option}?";
        var name = given[2..].Replace("-", "", StringComparison.Ordinal);
        var setting = s_alias.GetValueOrDefault(name) ?? Array.Find(s_settings, s => Last(s).Equals(name, StringComparison.OrdinalIgnoreCase));
        if (setting is null && NearestName.Of(name, s_settings.Select(Last)) is { } last) setting = Array.Find(s_settings, s => Last(s) == last);
        return setting is null ? Form : $"Did you mean --{setting}={value ?? "…"}?";
    }

    private static string Last(string setting) => setting[(setting.LastIndexOf(':') + 1)..];

    private static IEnumerable<string> Names(Type group, string prefix) => group.GetProperties(BindingFlags.Public | BindingFlags.Instance).SelectMany(p =>
        p.PropertyType.Namespace == typeof(IngestSettings).Namespace ? Names(p.PropertyType, $"{prefix}{p.Name}:") : [prefix + p.Name]);
}
