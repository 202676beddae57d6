using System.Reflection;

namespace Porthor.Storage.Tests.Failures;

/// <summary>Intercepts the method calls of an object.</summary>
internal class Interceptor<T> : DispatchProxy
    where T : class
{
    private T target = null!;
    private Func<string, object?> answer = null!;

    /// <param name="answer">Receives the name of each called method and returns its result; null to call the target.</param>
    public static T Before(T target, Func<string, object?> answer)
    {
        var proxy = Create<T, Interceptor<T>>();
        var interceptor = (Interceptor<T>)(object)proxy;
        (interceptor.target, interceptor.answer) = (target, answer);
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        return answer(targetMethod!.Name) ?? targetMethod.Invoke(
            target, BindingFlags.DoNotWrapExceptions, binder: null, args, culture: null);
    }
}
